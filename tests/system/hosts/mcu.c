/* A host program as they are written for small controllers: a 100-byte buffer that an interrupt
 * fills and whose index returns to 0 at every CR LF, a main loop that looks at it with strstr, and
 * fixed waits. It logs in, serves a read, reports, and ends when the report has been acknowledged;
 * with ackid 0, as written for the oldest firmware, when it has been sent.
 *
 * A controller is never late for an interrupt, and a process often is: so its timer is a
 * descriptor on which a byte comes for each millisecond, and to which it reports after each interrupt
 * how many milliseconds and how many bytes of the UART there have been.
 *
 * Usage: mcu PORT ENDPOINT WAIT_MS ACKID TIMER
 * Exit status: 0 well; 1 used wrongly, or no such port; otherwise the step that failed, see below.
 */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { NO_ANSWER = 2, NO_NETWORK, REFUSED, NO_LOGIN, NO_READ, NO_ACKNOWLEDGEMENT };

#define SIZE 100
#define TRIES 10
#define LOGIN_MS 15000
#define REQUEST_MS 15000

static int uart, timer;
static uint32_t wait_ms;
static char buffer[SIZE + 1]; /* the last byte stays 0 */
static int place;

static void on_byte(char byte) /* the interrupt */
{
    if (place < SIZE)
        buffer[place++] = byte;
    if (byte == '\n')
        place = 0;
}

static void forget(void)
{
    memset(buffer, 0, sizeof buffer);
    place = 0;
}

static struct {
    uint32_t ms, bytes;
} been;

/* The next interrupt, the UART's before the timer's. What comes at once is looked at too late. */
static void interrupt(void)
{
    struct pollfd ready[] = {{.fd = uart, .events = POLLIN}, {.fd = timer, .events = POLLIN}};
    char bytes[64];
    ssize_t count;
    if (poll(ready, 2, -1) < 0)
        exit(1);
    if (ready[0].revents) {
        count = read(uart, bytes, sizeof bytes);
        for (ssize_t i = 0; i < count; i++)
            on_byte(bytes[i]);
        been.bytes += (uint32_t)count;
    } else {
        count = read(timer, bytes, 1);
        been.ms++;
    }
    if (count <= 0 || write(timer, &been, sizeof been) != sizeof been)
        exit(1);
}

static int wait_for(const char *text, uint32_t ms)
{
    uint32_t end = been.ms + ms;
    while (strstr(buffer, text) == NULL) {
        if (been.ms >= end)
            return 0;
        interrupt();
    }
    return 1;
}

static void send(const char *text)
{
    size_t length = strlen(text);
    if (write(uart, text, length) != (ssize_t)length)
        exit(1);
}

static void delay(uint32_t ms)
{
    uint32_t end = been.ms + ms;
    while (been.ms < end)
        interrupt();
}

/* Send a line, wait the fixed time, and only then look for the OK. */
static int command(const char *line)
{
    forget();
    send(line);
    send("\r\n");
    delay(wait_ms);
    return strstr(buffer, "OK") != NULL;
}

static void must(const char *line)
{
    if (!command(line)) {
        printf("refused: %s\n", line);
        exit(REFUSED);
    }
}

static void configure(const char *endpoint)
{
    const char *uri = "coap://183.230.40.40:5683";
    unsigned char config[128] = {0x00, 0x00, 0x00, 0x00, 0x2c, 0x01, 0x00, 0x00}; /* 300 s */
    char line[2 * sizeof config + 40], *end;
    size_t size = 8, n;

    config[size++] = (unsigned char)strlen(uri);
    config[size++] = 0;
    memcpy(config + size, uri, strlen(uri));
    size += strlen(uri);
    config[size++] = (unsigned char)strlen(endpoint);
    config[size++] = 0;
    memcpy(config + size, endpoint, strlen(endpoint));
    size += strlen(endpoint);

    end = line + sprintf(line, "AT+MIPLCONF=%d,", (int)size);
    for (n = 0; n < size; n++)
        end += sprintf(end, "%02X", config[n]);
    strcpy(end, ",1,1");
    must(line);
}

static void start(void)
{
    int tries;
    for (tries = 0; !command("AT"); tries++)
        if (tries == TRIES)
            exit(NO_ANSWER);
    for (tries = 0; tries < TRIES; tries++) {
        forget();
        send("AT+CEREG?\r\n");
        if (wait_for("+CEREG:0,1", wait_ms))
            break;
    }
    if (tries == TRIES)
        exit(NO_NETWORK);
    delay(wait_ms);
}

static void log_in(const char *endpoint)
{
    configure(endpoint);
    must("AT+MIPLADDOBJ=0,3303,0");
    must("AT+MIPLNOTIFY=0,3303,0,5700,4,\"20.5\",1");
    forget();
    send("AT+MIPLOPEN=0,15\r\n");
    if (!wait_for("+MIPLOPEN:0,1", LOGIN_MS))
        exit(NO_LOGIN);
    puts("logged in");
}

static void serve_one_read(void)
{
    char answer[] = "AT+MIPLREAD=0,#####,3303,0,5700,4,\"21.5\",1";
    char *request;

    forget();
    if (!wait_for("3303,0,5700", REQUEST_MS))
        exit(NO_READ);
    /* not the first one: the read of object 3 at the end of a login is the module's own */
    request = strstr(buffer, "3303,0,5700");
    while (request > buffer && *request != '+')
        request--;
    if (strncmp(request, "+MIPLREAD:0,", 12) != 0)
        exit(NO_READ);
    memcpy(answer + strlen("AT+MIPLREAD=0,"), request + strlen("+MIPLREAD:0,"), 5);
    must(answer);
    puts("read");
}

static void report(int ackid)
{
    char line[64], acknowledged[32];

    if (ackid == 0) {
        must("AT+MIPLNOTIFY=0,3303,0,5700,4,\"22.5\",1");
    } else {
        sprintf(line, "AT+MIPLNOTIFY=0,3303,0,5700,4,\"22.5\",1,%d\r\n", ackid);
        sprintf(acknowledged, "+MIPLNOTIFY:0,%d", ackid);
        forget();
        send(line);
        if (!wait_for(acknowledged, REQUEST_MS))
            exit(NO_ACKNOWLEDGEMENT);
    }
    puts("reported");
}

int main(int count, char **words)
{
    struct termios mode;

    if (count != 6 || strlen(words[2]) > 40) {
        fputs("usage: mcu PORT ENDPOINT WAIT_MS ACKID TIMER\n", stderr);
        return 1;
    }
    uart = open(words[1], O_RDWR | O_NOCTTY);
    wait_ms = (uint32_t)atoi(words[3]);
    timer = atoi(words[5]);
    if (uart < 0 || tcgetattr(uart, &mode) != 0) {
        perror(words[1]);
        return 1;
    }
    cfmakeraw(&mode);
    cfsetspeed(&mode, B9600);
    tcsetattr(uart, TCSANOW, &mode);
    setvbuf(stdout, NULL, _IOLBF, 0);

    start();
    log_in(words[2]);
    serve_one_read();
    report(atoi(words[4]));
    return 0;
}
