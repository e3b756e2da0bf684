/* A Modbus board on a pseudo-terminal: the neutral counterpart of every client that is measured.
 *
 * Usage: board BAUD TURNAROUND_US   (BAUD 0: answers at once, without wire time)
 * Prints the path of its port, then serves FC01/FC02 (16 bits or as many as asked), FC03 (zeros) and FC05 (repeated) for
 * units 1 to 32 until its standard input closes; then prints how many requests it served and its own service time, which
 * is what it takes from the wake-up to the reply without the modelled wire time.
 * Wire time: the reply is there (request + reply) x 11 bits / BAUD + TURNAROUND_US after the request began.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BITS_PER_CHARACTER 11
#define REQUEST_LEN 8
#define UNITS_MAX 32
#define NS 1000000000LL

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS + t.tv_nsec;
}

static uint16_t crc16(const uint8_t *data, int length) {
    uint16_t crc = 0xFFFF;
    for (int i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0xA001 : crc >> 1;
    }
    return crc;
}

static int reply_to(const uint8_t *request, uint8_t *reply) {
    int length = 0, count = request[4] << 8 | request[5];
    if (crc16(request, REQUEST_LEN) || request[0] < 1 || request[0] > UNITS_MAX)
        return 0;
    memcpy(reply, request, 2);
    switch (request[1]) {
    case 1: case 2: case 3:
        length = request[1] == 3 ? count * 2 : (count + 7) / 8;
        if (length < 1 || length > 250)
            return 0;
        reply[2] = (uint8_t)length;
        memset(reply + 3, 0, length);
        length += 3;
        break;
    case 5:
        memcpy(reply, request, REQUEST_LEN);
        return REQUEST_LEN;
    default:
        return 0;
    }
    uint16_t crc = crc16(reply, length);
    reply[length] = crc & 0xFF;
    reply[length + 1] = crc >> 8;
    return length + 2;
}

static int open_port(void) {
    struct termios raw;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master))
        exit(1);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);   /* kept: a port without a user answers EIO */
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    printf("%s\n", ptsname(master));
    fflush(stdout);
    return master;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    const int64_t baud = atoll(argv[1]), turnaround_ns = atoll(argv[2]) * 1000;
    const int64_t char_ns = baud ? BITS_PER_CHARACTER * NS / baud : 0;
    uint8_t input[512], reply[260];
    int held = 0;
    int64_t served = 0, service_ns = 0;
    prctl(PR_SET_TIMERSLACK, 1UL);
    struct pollfd waits[2] = {{.fd = open_port(), .events = POLLIN}, {.fd = 0, .events = POLLIN}};

    while (poll(waits, 2, -1) >= 0 && !waits[1].revents) {
        int64_t began = now_ns();
        int got = read(waits[0].fd, input + held, sizeof input - held);
        if (got <= 0)
            continue;
        held += got;
        while (held >= REQUEST_LEN) {
            int length = reply_to(input, reply), skipped = length ? REQUEST_LEN : 1;
            memmove(input, input + skipped, held -= skipped);
            if (!length)
                continue;
            int64_t ready = now_ns();
            if (char_ns) {
                int64_t due = began + (REQUEST_LEN + length) * char_ns + turnaround_ns;
                struct timespec at = {due / NS, due % NS};
                while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) ;
            }
            int64_t answering = now_ns();
            if (write(waits[0].fd, reply, length) != length)
                return 1;
            service_ns += (ready - began) + (now_ns() - answering);
            served++;
        }
    }
    printf("{\"served\": %lld, \"service_us\": %.2f}\n", (long long)served, served ? service_ns / 1e3 / served : 0.0);
    return 0;
}
