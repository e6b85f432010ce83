/* The providers of the order benchmark: answers the four calls of an order after a delay, and keeps a ledger.

   standin PORT DELAY_MS        (PORT 0: any; the first line of the output is the port)

   POST /{charge,warehouse,label,mail}/ORDER    the call. An Idempotency-Key that the same call bore before is replayed;
                                                every other second call counts as doubled.
   GET  /find/STEP/ORDER                        {"hits": [...]}: what the first call said, as a lookup by reference does
   GET  /counts                                 {"complete": .., "calls": [4], "doubled": [4], "replayed": [4], ...}
   GET  /ledger                                 a line for each order: ORDER calls*4 SECONDS (monotonic, 0: incomplete)
   POST /delay/MS   POST /mode/STEP/{ok,stuck,hang,503}   POST /reset

   stuck: calls are never answered, lookups are; hang: neither is; 503: neither is served.

   One thread, one epoll. HTTP/1.1 with Content-Length, keep-alive, no chunks. Orders are numbers from FIRST_ORDER. */
#define _GNU_SOURCE
#include "ledger.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_CONNECTIONS 4096
#define BUFFER 65536

enum { OK, STUCK, HANG, BUSY };

struct connection { int fd; uint32_t generation; int waiting, closing; size_t filled; char *buffer; };
struct answer { double due; int fd; uint32_t generation; int step; unsigned long number; };

static struct connection connections[MOST_CONNECTIONS];
static struct answer *queue;
static size_t queue_room, queue_head, queue_filled;
static unsigned long other;
static int modes[STEPS];
static double delay;

static void hang_up(struct connection *c) {
    close(c->fd);
    c->generation++;
    c->filled = c->waiting = c->closing = 0;
}

static void send_all(struct connection *c, const char *text, size_t length) {
    while (length) {
        ssize_t sent = send(c->fd, text, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd p = {c->fd, POLLOUT, 0};
            poll(&p, 1, 1000);
            continue;
        }
        if (sent <= 0) return; /* the reading side finds the end */
        text += sent;
        length -= sent;
    }
}

static void reply(struct connection *c, const char *status, const char *body, size_t length) {
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n", status, length, c->closing ? "Connection: close\r\n" : "");
    if (length + n < 2048) {
        char whole[2304];
        memcpy(whole, head, n);
        memcpy(whole + n, body, length);
        send_all(c, whole, n + length);
    } else {
        send_all(c, head, n);
        send_all(c, body, length);
    }
}

static void reply_text(struct connection *c, const char *status, const char *body) {
    reply(c, status, body, strlen(body));
}

static void answer_call(struct connection *c, int step, unsigned long number) {
    char body[160];
    snprintf(body, sizeof body, "{\"id\": \"%s-%lu\", \"status\": \"done\", \"tracking_number\": \"T%lu\"}",
             step_names[step], number, number);
    reply_text(c, "200 OK", body);
}

static void put_off(struct connection *c, int step, unsigned long number) {
    if (queue_filled == queue_room) {
        size_t room = queue_room ? queue_room * 2 : 1024;
        struct answer *bigger = or_die(malloc(room * sizeof *bigger));
        for (size_t i = 0; i < queue_filled; i++) bigger[i] = queue[(queue_head + i) % queue_room];
        free(queue);
        queue = bigger;
        queue_room = room;
        queue_head = 0;
    }
    size_t last = (queue_head + queue_filled++) % queue_room;
    queue[last] = (struct answer){now() + delay, c->fd, c->generation, step, number};
    c->waiting = 1;
}

static void tell_counts(struct connection *c) {
    char body[512];
    snprintf(body, sizeof body,
             "{\"complete\": %lu, \"calls\": [%lu, %lu, %lu, %lu], \"doubled\": [%lu, %lu, %lu, %lu], "
             "\"replayed\": [%lu, %lu, %lu, %lu], \"early\": %lu, \"other\": %lu}",
             complete, calls[0], calls[1], calls[2], calls[3], doubled[0], doubled[1], doubled[2], doubled[3],
             replayed[0], replayed[1], replayed[2], replayed[3], early, other);
    reply_text(c, "200 OK", body);
}

static void tell_ledger(struct connection *c) {
    char *text;
    size_t length;
    FILE *out = or_die(open_memstream(&text, &length));
    for (size_t i = 0; i < order_room; i++) {
        struct order *o = &orders[i];
        if (o->calls[0] || o->calls[1] || o->calls[2] || o->calls[3])
            fprintf(out, "%lu %u %u %u %u %.6f\n", FIRST_ORDER + i, o->calls[0], o->calls[1], o->calls[2], o->calls[3],
                    o->completed);
    }
    fclose(out);
    reply(c, "200 OK", text, length);
    free(text);
}

static void tell_found(struct connection *c, int step, unsigned long number) {
    struct order *o = order_of(number);
    char body[KEPT_BODY + 160];
    if (o && o->calls[step])
        snprintf(body, sizeof body, "{\"hits\": [{\"id\": \"%s-%lu\", \"sent\": %s}]}", step_names[step], number,
                 o->bodies[step] ? o->bodies[step] : "null");
    else
        snprintf(body, sizeof body, "{\"hits\": []}");
    reply_text(c, "200 OK", body);
}

static int step_of(const char *path, const char **rest) {
    for (int s = 0; s < STEPS; s++) {
        size_t n = strlen(step_names[s]);
        if (!strncmp(path, step_names[s], n) && path[n] == '/') { *rest = path + n + 1; return s; }
    }
    return -1;
}

/* Whether the provider is not to be reached: then the request has been refused, or is left without an answer. */
static int is_away(struct connection *c, int step, int silent) {
    if (modes[step] == BUSY) reply_text(c, "503 Service Unavailable", "{\"code\": \"down\"}");
    else if (modes[step] == silent) c->waiting = 1;
    else return 0;
    other++;
    return 1;
}

static void serve(struct connection *c, int post, const char *path, uint64_t key, const char *body, size_t length) {
    const char *rest = NULL;
    int step = step_of(path, &rest);
    if (post && step >= 0) {
        unsigned long number = strtoul(rest, NULL, 10);
        if (is_away(c, step, HANG) || is_away(c, step, STUCK)) return;
        count(step, number, key, body, length);
        if (delay > 0) put_off(c, step, number);
        else answer_call(c, step, number);
    } else if (!post && !strncmp(path, "counts", 6)) tell_counts(c);
    else if (!post && !strncmp(path, "ledger", 6)) tell_ledger(c);
    else if (!post && !strncmp(path, "find/", 5) && (step = step_of(path + 5, &rest)) >= 0)
        is_away(c, step, HANG) ? (void)0 : tell_found(c, step, strtoul(rest, NULL, 10));
    else if (post && !strncmp(path, "delay/", 6)) { delay = atof(path + 6) / 1e3; reply_text(c, "200 OK", "{}"); }
    else if (post && !strncmp(path, "reset", 5)) { reset(); other = 0; reply_text(c, "200 OK", "{}"); }
    else if (post && !strncmp(path, "mode/", 5) && (step = step_of(path + 5, &rest)) >= 0) {
        modes[step] = *rest == 's' ? STUCK : *rest == 'h' ? HANG : *rest == '5' ? BUSY : OK;
        reply_text(c, "200 OK", "{}");
    } else { other++; reply_text(c, "404 Not Found", "{\"code\": \"not_found\"}"); }
}

static uint64_t hash(const char *text, const char *end) {
    uint64_t h = 1469598103934665603ULL;
    while (text < end) h = (h ^ (unsigned char)*text++) * 1099511628211ULL;
    return h | 1;
}

/* The value of a header, or NULL. */
static const char *header(const char *head, const char *end, const char *name, const char **stop) {
    size_t n = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) || line[n] != ':') continue;
        const char *value = line + n + 1;
        while (*value == ' ') value++;
        *stop = strstr(value, "\r\n");
        return value;
    }
    return NULL;
}

/* Serves the whole requests that have arrived, one at a time. */
static void work_off(struct connection *c) {
    while (!c->waiting && c->filled) {
        c->buffer[c->filled] = 0;
        char *end = strstr(c->buffer, "\r\n\r\n");
        if (!end) return;
        const char *stop;
        const char *value = header(c->buffer, end, "content-length", &stop);
        size_t length = value ? strtoul(value, NULL, 10) : 0, head = end + 4 - c->buffer;
        if (head + length >= BUFFER) { hang_up(c); return; }
        if (c->filled < head + length) return;
        value = header(c->buffer, end, "connection", &stop);
        if (value && !strncasecmp(value, "close", 5)) c->closing = 1;
        value = header(c->buffer, end, "idempotency-key", &stop);
        uint64_t key = value ? hash(value, stop) : 0;
        int post = !strncmp(c->buffer, "POST ", 5);
        char *path = strchr(c->buffer, '/');
        uint32_t generation = c->generation;
        if (path) serve(c, post, path + 1, key, end + 4, length);
        if (c->generation != generation) return;
        memmove(c->buffer, c->buffer + head + length, c->filled - head - length);
        c->filled -= head + length;
        if (c->closing && !c->waiting) { hang_up(c); return; }
    }
}

static void receive(struct connection *c) {
    ssize_t got = recv(c->fd, c->buffer + c->filled, BUFFER - 1 - c->filled, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { hang_up(c); return; }
    c->filled += got;
    work_off(c);
}

static void accept_all(int listener, int epoll) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (fd >= MOST_CONNECTIONS) { close(fd); continue; }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = &connections[fd];
        c->fd = fd;
        c->filled = c->waiting = c->closing = 0;
        if (!c->buffer) c->buffer = or_die(malloc(BUFFER));
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Answers what is due; milliseconds until the next, -1 where there is none. */
static int answer_due(void) {
    double t = now();
    while (queue_filled) {
        struct answer *a = &queue[queue_head];
        if (a->due > t) return (int)((a->due - t) * 1e3) + 1;
        struct connection *c = &connections[a->fd];
        queue_head = (queue_head + 1) % queue_room;
        queue_filled--;
        if (c->generation != a->generation) continue;
        c->waiting = 0;
        answer_call(c, a->step, a->number);
        if (c->closing) hang_up(c);
        else work_off(c);
    }
    return -1;
}

int main(int count_of_words, char **words) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    address.sin_port = htons(count_of_words > 1 ? atoi(words[1]) : 0);
    delay = count_of_words > 2 ? atof(words[2]) / 1e3 : 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) { perror("standin"); return 1; }
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (int wait = -1;; wait = answer_due()) {
        int n = epoll_wait(epoll, events, 256, wait);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener) accept_all(listener, epoll);
            else receive(&connections[events[i].data.fd]);
        }
    }
}
