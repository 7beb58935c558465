/* outside STAMPS WHAT [NUMBER]: what is done to an init, or with what it writes, from outside its namespace. */
#include "stamps.h"
#include <signal.h>

/* Sends USR1 so many times; a pair is the time of sending, and the time at which the child has it. */
static void shoot(volatile uint64_t *stamps, long count) {
  while (stamps[READY] == 0) pause_us(1000);
  for (long i = 0; i < count; i++) {
    pause_us(1000);
    stamps[FIRST_PAIR + 2 * i] = now();
    kill((pid_t)stamps[INIT_PID], SIGUSR1);
    while (stamps[FIRST_PAIR + 2 * i + 1] == 0) pause_us(50);
  }
}

/* Holds standard output open for so many milliseconds: who reads it learns of the end then. */
static void hold(volatile uint64_t *stamps, long milliseconds) {
  pause_us(milliseconds * 1000);
  stamps[MAIN_ENDS] = now();
}

/* Reads standard input to its end. */
static void drain(void) {
  static char buffer[1 << 16];
  while (read(0, buffer, sizeof buffer) > 0);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "outside STAMPS WHAT [NUMBER]\n");
    return 123;
  }
  volatile uint64_t *stamps = open_stamps(argv[1]);
  long number = argc > 3 ? atol(argv[3]) : 0;
  if (strcmp(argv[2], "shoot") == 0) shoot(stamps, number);
  else if (strcmp(argv[2], "hold") == 0) hold(stamps, number);
  else if (strcmp(argv[2], "drain") == 0) drain();
  else return 123;
  return 0;
}
