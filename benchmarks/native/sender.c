/* The storefront of the order benchmark: sends orders that were signed beforehand, and notes when each was
   acknowledged.

   sender PLAN PORT CONNECTIONS FIRST COUNT SECONDS RATE OUT

   Sends the requests FIRST .. FIRST+COUNT-1 of PLAN, at most for SECONDS (0: until all are acknowledged), RATE a second
   (0: as fast as they are acknowledged). Whatever is not answered with 200 is sent again a tenth of a second later. OUT
   gets a record for each acknowledged request: index (uint32), status of failures before it (uint32), seconds at which
   it was first sent and was acknowledged (two doubles of the monotonic clock).

   PLAN: uint32 length, signature_at, patches, requests, then uint32 patch_at[patches], the request's text, and for each
   request 8 digits (written at every patch_at) and 44 characters of signature. One thread, one epoll. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIGITS 8
#define SIGNATURE 44
#define ENTRY (DIGITS + SIGNATURE)
#define AGAIN_AFTER 0.1
#define ANSWER 16384

struct record { uint32_t index, failures; double sent, acknowledged; };
enum { IDLE, SENDING, READING, RESTING };
struct connection {
    int fd, state;
    uint32_t index, failures;
    double sent, wake;
    size_t done, filled;
    char *request, *answer;
};

static uint32_t length, signature_at, patches, requests, *patch_at;
static const char *text, *entries;
static struct connection *connections;
static int connection_count, epoll;
static struct sockaddr_in address;
static uint32_t next_index, end_index;
static double began, ends, rate;
static struct record *records;
static size_t recorded;
static unsigned long failures;
static volatile sig_atomic_t stopping;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void stop(int signal) { (void)signal; stopping = 1; }

static void read_plan(const char *name) {
    int fd = open(name, O_RDONLY);
    struct stat s;
    if (fd < 0 || fstat(fd, &s)) { perror(name); exit(1); }
    char *all = mmap(NULL, s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (all == MAP_FAILED) { perror(name); exit(1); }
    uint32_t *head = (uint32_t *)all;
    length = head[0], signature_at = head[1], patches = head[2], requests = head[3];
    patch_at = head + 4;
    text = all + 16 + 4 * patches;
    entries = text + length;
}

static void watch(struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = c - connections};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static int open_socket(struct connection *c) {
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLOUT, .data.u32 = c - connections};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    return connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS ? -1 : 0;
}

static void fail(struct connection *c) {
    failures++;
    c->failures++;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->state = RESTING;
    c->wake = now() + AGAIN_AFTER;
}

static void push(struct connection *c) {
    while (c->done < length) {
        ssize_t n = send(c->fd, c->request + c->done, length - c->done, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) { watch(c, EPOLLOUT); return; }
        if (n <= 0) { fail(c); return; }
        c->done += n;
    }
    c->state = READING;
    c->filled = 0;
    watch(c, EPOLLIN);
}

static void send_again(struct connection *c) {
    c->state = SENDING;
    c->done = 0;
    if (c->fd < 0) { if (open_socket(c)) fail(c); return; }
    push(c);
}

/* Gives an idle connection the next request that is due. */
static void begin(struct connection *c, double t) {
    if (next_index >= end_index || stopping || (ends > 0 && t >= ends)) return;
    if (rate > 0 && began + (next_index - (end_index - requests)) / rate > t) return;
    c->index = next_index++;
    c->failures = 0;
    c->sent = t;
    const char *entry = entries + (size_t)c->index * ENTRY;
    for (uint32_t i = 0; i < patches; i++) memcpy(c->request + patch_at[i], entry, DIGITS);
    memcpy(c->request + signature_at, entry + DIGITS, SIGNATURE);
    send_again(c);
}

static void read_answer(struct connection *c) {
    ssize_t n = recv(c->fd, c->answer + c->filled, ANSWER - 1 - c->filled, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { fail(c); return; }
    c->filled += n;
    c->answer[c->filled] = 0;
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end) return;
    char *told = strcasestr(c->answer, "\r\ncontent-length:");
    size_t body = told && told < end ? strtoul(told + 17, NULL, 10) : 0;
    if (c->filled < (size_t)(end + 4 - c->answer) + body) return;
    if (strncmp(c->answer + 9, "200", 3)) {
        if (c->failures < 3) fprintf(stderr, "%.60s\n", c->answer);
        fail(c);
        return;
    }
    double t = now();
    records[recorded++] = (struct record){c->index, c->failures, c->sent, t};
    char *closing = strcasestr(c->answer, "\r\nconnection: close");
    if (closing && closing < end) { close(c->fd); c->fd = -1; }
    c->state = IDLE;
    begin(c, t);
}

static void on_event(struct connection *c, uint32_t events) {
    if (c->fd < 0) return;
    if (c->state == SENDING) push(c);
    else if (c->state == READING) read_answer(c);
    else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) { close(c->fd); c->fd = -1; } /* closed while idle */
}

static int look_after(double t) {
    int busy = 0;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = &connections[i];
        if (c->state == RESTING && (stopping || (ends > 0 && t >= ends))) c->state = IDLE;
        if (c->state == RESTING && c->wake <= t) send_again(c);
        if (c->state == IDLE) begin(c, t);
        busy += c->state != IDLE;
    }
    return busy || (next_index < end_index && !stopping && !(ends > 0 && t >= ends));
}

static int by_latency(const void *a, const void *b) {
    const struct record *x = a, *y = b;
    double d = (x->acknowledged - x->sent) - (y->acknowledged - y->sent);
    return (d > 0) - (d < 0);
}

static void report(const char *name) {
    double last = began;
    for (size_t i = 0; i < recorded; i++)
        if (records[i].acknowledged > last) last = records[i].acknowledged;
    FILE *out = fopen(name, "wb");
    if (!out || fwrite(records, sizeof *records, recorded, out) != recorded || fclose(out)) { perror(name); exit(1); }
    qsort(records, recorded, sizeof *records, by_latency);
    struct record *half = &records[recorded / 2], *most = &records[recorded * 99 / 100];
    printf("{\"acknowledged\": %zu, \"failures\": %lu, \"began\": %.6f, \"seconds\": %.6f, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
           recorded, failures, began, last - began, recorded ? (half->acknowledged - half->sent) * 1e3 : 0,
           recorded ? (most->acknowledged - most->sent) * 1e3 : 0);
}

int main(int count, char **words) {
    if (count != 9) { fprintf(stderr, "sender PLAN PORT CONNECTIONS FIRST COUNT SECONDS RATE OUT\n"); return 2; }
    read_plan(words[1]);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection_count = atoi(words[3]);
    next_index = atoi(words[4]);
    end_index = next_index + atoi(words[5]);
    if (end_index > requests) end_index = requests;
    requests = end_index - next_index; /* from here on: how many are ours */
    rate = atof(words[7]);
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    records = malloc((requests + 1) * sizeof *records);
    connections = calloc(connection_count, sizeof *connections);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < connection_count; i++) {
        connections[i].fd = -1;
        connections[i].request = malloc(length);
        memcpy(connections[i].request, text, length);
        connections[i].answer = malloc(ANSWER);
    }
    began = now();
    ends = atof(words[6]) > 0 ? began + atof(words[6]) : 0;
    struct epoll_event events[256];
    double looked = 0;
    for (;;) {
        double t = now();
        if (rate > 0 || t - looked > 0.02) {
            looked = t;
            if (!look_after(t)) break;
        }
        int n = epoll_wait(epoll, events, 256, rate > 0 ? 1 : 20);
        for (int i = 0; i < n; i++) on_event(&connections[events[i].data.u32], events[i].events);
    }
    report(words[8]);
    return 0;
}
