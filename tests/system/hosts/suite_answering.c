/* A host of the suite that answers all by itself: observe, discover, read, write, execute. It adds
 * the higher object first, and takes blanks anywhere.
 *
 * Usage: suite_answering PORT BAUD LINE...     LINE: what creates the instance
 * Ends when it is executed with "stop". Exit status 0: well. */
#include "suite_host.h"

static long observes[2]; /* of 3303/0 and 3306/0 */
static int discovered;

static void report(int ackid)
{
    command("AT+MIPLNOTIFY=0,%ld,3303,0,5700,4,4,21.5,0,0,%d", observes[0], ackid);
}

static void on_urc(const char *line)
{
    long id;
    int object, instance, resource, added, event, extend, kind, length, at = 0;
    char value[SIZE];

    if (sscanf(line, "+MIPLOBSERVE: 0 , %ld , %d , %d", &id, &added, &object) == 3) {
        command("AT+MIPLOBSERVERSP=0,%ld,1", id);
        observes[object == 3306] = id;
        printf("observed %d\n", object);
    } else if (sscanf(line, "+MIPLDISCOVER: 0 , %ld , %d", &id, &object) == 2) {
        if (object == 3303)
            command("AT+MIPLDISCOVERRSP=0,%ld,1,4,\"5700\"", id);
        else
            command("AT+MIPLDISCOVERRSP=0,%ld,1,9,\"5850;5851\"", id);
        printf("discovered %d\n", object);
        if (++discovered == 2)
            report(7);
    } else if (sscanf(line, "+MIPLREAD: 0 , %ld , %d , %d , %d", &id, &object, &instance,
                      &resource) == 4) {
        command("AT+MIPLREADRSP=0,%ld,1,%d,%d,%d,4,4,22.25,0,0", id, object, instance, resource);
        puts("read");
    } else if (sscanf(line, "+MIPLWRITE: 0 , %ld , %d , %d , %d , %d , %d , %[0-9A-F]", &id,
                      &object, &instance, &resource, &kind, &length, value) == 7) {
        command("AT+MIPLWRITERSP=0,%ld,2", id);
        printf("written %d %d %s\n", kind, length, value);
    } else if (sscanf(line, "+MIPLEXECUTE: 0 , %ld , %d , %d , %d%n", &id, &object, &instance,
                      &resource, &at) == 4 && at > 0) {
        command("AT+MIPLEXECUTERSP=0,%ld,2", id);
        puts("executed");
        if (strstr(line + at, "stop") != NULL)
            command("AT+MIPLCLOSE=0");
    } else if (sscanf(line, "+MIPLEVENT: 0 , %d , %d", &event, &extend) == 2 && event == 26) {
        printf("acknowledged %d\n", extend);
    } else if (sscanf(line, "+MIPLEVENT: 0 , %d", &event) == 1) {
        if (event == 6)
            puts("logged in");
        if (event == 15) {
            command("AT+MIPLDELETE=0");
            exit(0);
        }
        if (event == 7 || event == 8)
            fail("login", line);
    }
}

int main(int words, char **word)
{
    char line[SIZE];
    open_port(word[1], word[2]);
    create(words - 3, word + 3);
    command("AT+MIPLADDOBJ=0,3306,1,\"1\",2,1");
    command("AT+MIPLADDOBJ=0,3303,1,\"1\",1,0");
    command("AT+MIPLOPEN=0,300,60");
    for (;;) {
        next_urc(line);
        on_urc(line);
    }
}
