/* What both C hosts of the suite share: a serial port, lines with a time limit, and commands that
 * wait for their result while other lines are kept. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { SIZE = 600, KEPT = 16, ANSWER_MS = 5000, EVENT_MS = 20000 };

static int uart;
static char kept[KEPT][SIZE]; /* unsolicited lines that came while a command ran */
static int count;

static _Noreturn void fail(const char *what, const char *line)
{
    printf("%s: %s\n", what, line);
    exit(2);
}

static void open_port(const char *name, const char *baud)
{
    struct termios settings;
    uart = open(name, O_RDWR | O_NOCTTY);
    if (uart < 0 || tcgetattr(uart, &settings) < 0)
        fail("no port", name);
    cfmakeraw(&settings);
    cfsetspeed(&settings, strcmp(baud, "115200") == 0 ? B115200 : B9600);
    tcsetattr(uart, TCSANOW, &settings);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* The next line that is not empty; 0 if none comes in time. */
static int next_line(char *line, int ms)
{
    struct pollfd ready = {.fd = uart, .events = POLLIN};
    int length = 0;
    char byte;
    for (;;) {
        if (poll(&ready, 1, ms) <= 0 || read(uart, &byte, 1) != 1)
            return 0;
        if (byte == '\r' || byte == '\n') {
            if (length == 0)
                continue;
            line[length] = 0;
            return 1;
        }
        if (length < SIZE - 1)
            line[length++] = byte;
    }
}

/* Send a line and wait for its OK. */
static void command(const char *format, ...)
{
    char text[SIZE], line[SIZE];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text - 1, format, values);
    va_end(values);
    usleep(30000); /* the module wants some quiet */
    if (write(uart, text, (size_t)length) != length || write(uart, "\r", 1) != 1)
        fail("not written", text);
    while (next_line(line, ANSWER_MS)) {
        if (strcmp(line, "OK") == 0)
            return;
        if (strstr(line, "ERROR") != NULL)
            fail(text, line);
        if (line[0] == '+' && count < KEPT)
            strcpy(kept[count++], line);
    }
    fail(text, "no answer");
}

/* The next unsolicited line. */
static void next_urc(char *line)
{
    do {
        if (count > 0) {
            strcpy(line, kept[0]);
            memmove(kept[0], kept[1], (size_t)--count * SIZE);
        } else if (!next_line(line, EVENT_MS)) {
            fail("waited for a line", "none came");
        }
    } while (line[0] != '+');
}

/* The lines that create the instance are those of the program's arguments. */
static void create(int lines, char **line)
{
    command("ATE0");
    for (int n = 0; n < lines; n++)
        command("%s", line[n]);
    count = 0;
}
