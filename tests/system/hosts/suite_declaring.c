/* A host of the suite whose module answers observes and discovers: it declares its resources before
 * the login, waits until the module shows the read of object 3, and reports under number 0.
 *
 * Usage: suite_declaring PORT BAUD LINE...     LINE: what creates the instance
 * Ends when it is executed with "stop". Exit status 0: well. */
#include "suite_host.h"

/* The values of a line behind the colon: bare or quoted ones, without blanks before them. */
static int split(char *text, char **value, int most)
{
    int n = 0;
    for (char *one = strtok(text, ","); one != NULL && n < most; one = strtok(NULL, ","))
        value[n++] = one + strspn(one, " ");
    return n;
}

static void on_urc(char *line)
{
    char *value[12], *colon = strchr(line, ':');
    if (colon == NULL)
        return;
    *colon = 0;
    int n = split(colon + 1, value, 12);
    if (strcmp(line, "+MIPLREAD") == 0 && n >= 5) {
        if (strcmp(value[2], "3") == 0) { /* all is subscribed; the module has answered it */
            puts("subscribed");
            command("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,7");
            return;
        }
        command("AT+MIPLREADRSP=0,%s,1,%s,%s,%s,4,4,22.25,0,0", value[1], value[2], value[3],
                value[4]);
        puts("read");
    } else if (strcmp(line, "+MIPLWRITE") == 0 && n == 9) {
        command("AT+MIPLWRITERSP=0,%s,2", value[1]);
        printf("written %s %s %s\n", value[5], value[6], value[7]);
    } else if (strcmp(line, "+MIPLEXECUTE") == 0 && n >= 5) {
        command("AT+MIPLEXECUTERSP=0,%s,2", value[1]);
        puts("executed");
        if (n > 5 && strstr(value[n - 1], "stop") != NULL)
            command("AT+MIPLCLOSE=0");
    } else if (strcmp(line, "+MIPLEVENT") == 0 && n >= 2) {
        switch (atoi(value[1])) {
        case 6:
            puts("logged in");
            break;
        case 7:
        case 8:
            fail("login", value[1]);
        case 15:
            command("AT+MIPLDELETE=0");
            exit(0);
        case 26:
            printf("acknowledged %s\n", value[2]);
        }
    }
}

int main(int words, char **word)
{
    char line[SIZE];
    open_port(word[1], word[2]);
    create(words - 3, word + 3);
    command("AT+MIPLADDOBJ=0,3306,1,\"1\",0,1");
    command("AT+MIPLADDOBJ=0,3303,1,\"1\",1,0");
    command("AT+MIPLDISCOVERRSP=0,3306,1,9,\"5850;5851\"");
    command("AT+MIPLDISCOVERRSP=0,3303,1,4,\"5700\"");
    command("AT+MIPLOPEN=0,300,60");
    for (;;) {
        next_urc(line);
        on_urc(line);
    }
}
