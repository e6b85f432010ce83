/* What the stand-in remembers of each order: its calls, what the first of each kind said, and when all had come. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_ORDER 10000000UL
#define MOST_ORDERS 8000000UL
#define STEPS 4
#define KEPT_BODY 2048

static const char *step_names[STEPS] = {"charge", "warehouse", "label", "mail"};

struct order { uint32_t calls[STEPS]; uint64_t keys[STEPS]; char *bodies[STEPS]; double completed; };

static struct order *orders;
static size_t order_room;
static unsigned long calls[STEPS], doubled[STEPS], replayed[STEPS], complete, early, other;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void *or_die(void *memory) {
    if (!memory) { perror("standin"); exit(1); }
    return memory;
}

static struct order *order_of(unsigned long number) {
    if (number < FIRST_ORDER || number - FIRST_ORDER >= MOST_ORDERS) return NULL;
    size_t index = number - FIRST_ORDER;
    if (index >= order_room) {
        size_t room = order_room ? order_room : 4096;
        while (room <= index) room *= 2;
        orders = or_die(realloc(orders, room * sizeof *orders));
        memset(orders + order_room, 0, (room - order_room) * sizeof *orders);
        order_room = room;
    }
    return &orders[index];
}

static void reset(void) {
    for (size_t i = 0; i < order_room; i++)
        for (int s = 0; s < STEPS; s++) free(orders[i].bodies[s]);
    free(orders);
    orders = NULL;
    order_room = 0;
    complete = early = 0;
    memset(calls, 0, sizeof calls);
    memset(doubled, 0, sizeof doubled);
    memset(replayed, 0, sizeof replayed);
}

static void count(int step, unsigned long number, uint64_t key, const char *body, size_t length) {
    struct order *o = order_of(number);
    calls[step]++;
    if (!o) return;
    if (o->calls[step]++) {
        if (key && key == o->keys[step]) replayed[step]++;
        else doubled[step]++;
        return;
    }
    o->keys[step] = key;
    if (length && length < KEPT_BODY) {
        o->bodies[step] = or_die(malloc(length + 1));
        memcpy(o->bodies[step], body, length);
        o->bodies[step][length] = 0;
    }
    for (int s = 0; s < step; s++)
        if (!o->calls[s]) { early++; break; }
    if (o->calls[0] && o->calls[1] && o->calls[2] && o->calls[3]) {
        o->completed = now();
        complete++;
    }
}
