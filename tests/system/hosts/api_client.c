/* Writes one resource by OneNET's HTTP API, as programs of small machines do it: a raw socket,
   HTTP/1.0, no content type, OneNET's own name as Host, and strstr for the success.
   api_client PORT KEY IMEI VALUE: exit status 0 if the answer says so. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char body[128], text[1024], answer[4096];
    if (argc != 5) return 2;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(body, sizeof body, "{\"data\":[{\"res_id\":5700,\"val\":%s},]}", argv[4]);
    int length = snprintf(text, sizeof text,
        "POST /nbiot?imei=%s&obj_id=3303&obj_inst_id=0&mode=2 HTTP/1.0\r\n"
        "Host: api.heclouds.com\r\napi-key:%s\r\nContent-Length:%zu\r\n\r\n%s",
        argv[3], argv[2], strlen(body), body);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&to, sizeof to) || write(s, text, length) != length) return 3;
    ssize_t got = 0, more;
    while ((more = read(s, answer + got, sizeof answer - 1 - got)) > 0) got += more;
    answer[got] = 0;
    close(s);
    puts(strstr(answer, "\r\n\r\n") ? strstr(answer, "\r\n\r\n") + 4 : answer);
    return strstr(answer, "\"errno\":0,") ? 0 : 1;
}
