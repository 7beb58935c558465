/* A page of numbers that all processes of one run share: who did what when, in nanoseconds of CLOCK_MONOTONIC. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum slot {
  EXECUTED,    /* just before the init is executed */
  STARTED,     /* first instruction of the init's child, the latest if there are many */
  MAIN_ENDS,   /* last instruction of that child, or whatever makes the init end */
  INIT_ENDED,  /* the init has been waited for */
  INIT_PID,    /* as seen from outside */
  COUNT,       /* children that have started */
  READY,       /* the child has done what it had to do before the measurement */
  BEGIN,       /* of what the child measures */
  END,         /* of what the child measures; of its output: when it had written all */
  ZOMBIES,     /* the most that were seen at a time */
  CPU_BEGIN,   /* nanoseconds that the init had run at BEGIN ... */
  CPU_END,     /* ... and at END */
  CPU_ALL,     /* of the init and of all that were waited for in its namespace, when it has ended */
  CPU_CHILD,   /* of the child alone, at its end */
  FAILED,      /* what could not be measured: the line number */
  FIRST_PAIR = 64, /* from here on: pairs of times, a cause and its effect */
};

#define SLOTS 65536

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Maps the page of a file, which is made where it is not there. */
static volatile uint64_t *open_stamps(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, SLOTS * sizeof(uint64_t)) != 0) {
    perror(path);
    exit(120);
  }
  void *memory = mmap(NULL, SLOTS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    perror(path);
    exit(120);
  }
  close(fd);
  return memory;
}

/* The nanoseconds of CPU time in an account. */
static inline uint64_t cpu_of(const struct rusage *usage) {
  uint64_t us = (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000u;
  return (us + (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec)) * 1000u;
}

static inline void pause_us(long microseconds) {
  struct timespec t = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&t, NULL);
}
