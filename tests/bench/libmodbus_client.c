/* The yardstick: libmodbus in C, the same tasks as tests/bench/wire_clients.py.
 *
 * Usage: libmodbus_client PORT BAUD exchange COUNT PAUSE_US | libmodbus_client PORT BAUD watch SECONDS PAUSE_US
 * Prints one JSON line. PAUSE_US is the silence before each request; the exchange task spends its end spinning.
 */
#define _GNU_SOURCE
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define NS 1000000000LL
#define INPUTS 16
#define BOARDS 4
#define ROUND_NS 100000000LL
#define SPIN_MAX_NS 300000LL

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS + t.tv_nsec;
}

static void sleep_until(int64_t due) {
    struct timespec at = {due / NS, due % NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL)) ;
}

static void keep_silence(int64_t pause_ns) {
    int64_t due = now_ns() + pause_ns;
    if (pause_ns > SPIN_MAX_NS)
        sleep_until(due - SPIN_MAX_NS);
    while (now_ns() < due) ;
}

static int by_value(const void *a, const void *b) {
    return (*(int64_t *)a > *(int64_t *)b) - (*(int64_t *)a < *(int64_t *)b);
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void exchange(modbus_t *bus, int count, int64_t pause_ns) {
    uint8_t bits[INPUTS];
    int64_t *times = calloc(count, sizeof *times);
    modbus_set_slave(bus, 1);
    for (int n = -10; n < count; n++) {
        keep_silence(pause_ns);
        int64_t began = now_ns();
        if (modbus_read_input_bits(bus, 0, INPUTS, bits) != INPUTS)
            exit(1);
        if (n >= 0)
            times[n] = now_ns() - began;
    }
    qsort(times, count, sizeof *times, by_value);
    printf("{\"median_us\": %.2f, \"p99_us\": %.2f}\n", times[count / 2] / 1e3, times[count * 99 / 100] / 1e3);
}

static void watch(modbus_t *bus, double seconds, int64_t pause_ns) {
    uint8_t bits[INPUTS];
    int64_t due = now_ns(), end = due + (int64_t)(seconds * NS), looks = 0;
    double before = cpu_s();
    for (; due < end; due += ROUND_NS) {
        sleep_until(due);
        for (int unit = 1; unit <= BOARDS; unit++, looks++) {
            if (unit > 1)
                sleep_until(now_ns() + pause_ns);
            modbus_set_slave(bus, unit);
            if (modbus_read_input_bits(bus, 0, INPUTS, bits) != INPUTS)
                exit(1);
        }
    }
    printf("{\"cpu_us\": %.2f, \"looks\": %lld}\n", (cpu_s() - before) * 1e6 / looks, (long long)looks);
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    int baud = atoi(argv[2]);
    modbus_t *bus = modbus_new_rtu(argv[1], baud ? baud : 115200, 'N', 8, 1);
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (!bus || modbus_connect(bus))
        return 1;
    modbus_set_response_timeout(bus, 1, 0);
    int64_t pause_ns = atoll(argv[5]) * 1000;
    if (!strcmp(argv[3], "exchange"))
        exchange(bus, atoi(argv[4]), pause_ns);
    else
        watch(bus, atof(argv[4]), pause_ns);
    modbus_close(bus);
    modbus_free(bus);
    return 0;
}
