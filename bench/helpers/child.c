/* child STAMPS WHAT [NUMBER]: the program that an init runs, in each of the roles that the measurements need. */
#include "stamps.h"
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

static volatile uint64_t *stamps;

static void fail(int line) {
  stamps[FAILED] = (uint64_t)line;
  _exit(122);
}

/* The nanoseconds that all threads of the init have run: schedstat of each. */
static uint64_t init_cpu(void) {
  uint64_t sum = 0;
  DIR *tasks = opendir("/proc/1/task");
  if (tasks == NULL) fail(__LINE__);
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
    if (task->d_name[0] == '.') continue;
    char path[300];
    snprintf(path, sizeof path, "/proc/1/task/%s/schedstat", task->d_name);
    FILE *file = fopen(path, "re");
    unsigned long long ran;
    if (file == NULL) continue;
    if (fscanf(file, "%llu", &ran) == 1) sum += ran;
    fclose(file);
  }
  closedir(tasks);
  return sum;
}

static int is_there(pid_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

/* Ends at once: the start, and the end. */
static void stamp(void) {
  stamps[STARTED] = now();
  stamps[MAIN_ENDS] = now();
  _exit(0);
}

/* Waits until a signal ends it. */
static void park(void) {
  uint64_t at = now();
  if (at > stamps[STARTED]) stamps[STARTED] = at;
  __atomic_add_fetch(&stamps[COUNT], 1, __ATOMIC_SEQ_CST);
  for (;;) pause();
}

/* Notes when each USR1 came. */
static void catch_signals(long count) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  stamps[READY] = 1;
  for (long i = 0; i < count; i++) {
    int signal;
    sigwait(&set, &signal);
    stamps[FIRST_PAIR + 2 * i + 1] = now();
  }
  _exit(0);
}

/* So many zombies lose their parent at one moment; until the last of them is gone. */
static void orphans_at_once(long count) {
  int pipes[2];
  if (pipe(pipes) != 0) fail(__LINE__);
  pid_t parent = fork();
  if (parent == 0) {
    volatile pid_t last = 0;
    for (volatile long i = 0; i < count; i++) {
      last = vfork();
      if (last == 0) _exit(0);
      if (last < 0) fail(__LINE__);
    }
    siginfo_t info;
    if (waitid(P_PID, (id_t)last, &info, WEXITED | WNOWAIT) != 0) fail(__LINE__);
    pid_t told = last;
    if (write(pipes[1], &told, sizeof told) != sizeof told) fail(__LINE__);
    pause();
  }
  pid_t last;
  if (read(pipes[0], &last, sizeof last) != sizeof last) fail(__LINE__);
  pause_us(200000);
  stamps[ZOMBIES] = (uint64_t)count;
  stamps[CPU_BEGIN] = init_cpu();
  stamps[BEGIN] = now();
  kill(parent, SIGKILL);
  waitpid(parent, NULL, 0);
  while (is_there(last)) pause_us(100);
  stamps[END] = now();
  stamps[CPU_END] = init_cpu();
  for (pid_t pid = last; pid > last - count && pid > 2; pid--) {
    if (pid != getpid() && is_there(pid)) fail(__LINE__); /* the kernel gives the numbers in order, and so are they reaped */
  }
  _exit(0);
}

/* An orphan: its parent, which we wait for, leaves as soon as it has been born and has ended. */
static pid_t make_orphan(void) {
  volatile pid_t orphan = 0;
  pid_t parent = vfork();
  if (parent == 0) {
    pid_t child = vfork();
    if (child == 0) _exit(0);
    orphan = child;
    _exit(0);
  }
  if (parent < 0 || orphan <= 0) fail(__LINE__);
  waitpid(parent, NULL, 0);
  return orphan;
}

/* So many one after the other, as fast as it goes; BEGIN is when the last was made, END when all are gone. */
static void orphans_one_by_one(long count) {
  enum { SEEN = 4096, EACH = 500 };
  pid_t made[SEEN];
  memset(made, 0, sizeof made);
  stamps[CPU_BEGIN] = init_cpu();
  for (long i = 0; i < count; i++) {
    made[i % SEEN] = make_orphan();
    if (i % EACH != 0) continue;
    uint64_t zombies = 0;
    for (int j = 0; j < SEEN; j++) {
      if (made[j] > 0 && is_there(made[j])) zombies++;
    }
    if (zombies > stamps[ZOMBIES]) stamps[ZOMBIES] = zombies;
  }
  stamps[BEGIN] = now();
  for (int j = 0; j < SEEN; j++) {
    while (made[j] > 0 && is_there(made[j])) pause_us(20);
  }
  stamps[END] = now();
  stamps[CPU_END] = init_cpu();
  _exit(0);
}

/* So many, each alone: a pair is the time of its end, and the time at which it is gone. */
static void orphans_alone(long count) {
  for (long i = 0; i < count; i++) {
    int pipes[2];
    if (pipe(pipes) != 0) fail(__LINE__);
    pid_t parent = fork();
    if (parent == 0) {
      pid_t orphan = fork();
      if (orphan == 0) {
        pause_us(2000);
        stamps[FIRST_PAIR + 2 * i] = now();
        _exit(0);
      }
      if (write(pipes[1], &orphan, sizeof orphan) != sizeof orphan) _exit(1);
      _exit(0);
    }
    pid_t orphan;
    if (parent < 0 || read(pipes[0], &orphan, sizeof orphan) != sizeof orphan) fail(__LINE__);
    waitpid(parent, NULL, 0);
    while (is_there(orphan));
    stamps[FIRST_PAIR + 2 * i + 1] = now();
    close(pipes[0]);
    close(pipes[1]);
  }
  stamps[CPU_END] = stamps[END] = now();
  _exit(0);
}

/* Writes lines of 100 bytes, so many of them, in writes of SIZE bytes. */
static void lines(long count, long size) {
  static char buffer[1 << 16];
  enum { LINE = 100 };
  long filled = size / LINE * LINE;
  for (long at = 0; at < filled; at += LINE) {
    memset(buffer + at, 'x', LINE - 1);
    buffer[at + LINE - 1] = '\n';
  }
  stamps[BEGIN] = now();
  for (long left = count * LINE; left > 0;) {
    long most = left < filled ? left : filled;
    for (long at = 0; at < most;) {
      ssize_t written = write(1, buffer + at, (size_t)(most - at));
      if (written < 0) fail(__LINE__);
      at += written;
    }
    left -= most;
  }
  stamps[END] = now();
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  stamps[CPU_CHILD] = cpu_of(&usage);
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "child STAMPS WHAT [NUMBER...]\n");
    return 122;
  }
  stamps = open_stamps(argv[1]);
  const char *what = argv[2];
  long number = argc > 3 ? atol(argv[3]) : 0, other = argc > 4 ? atol(argv[4]) : 0;
  if (strcmp(what, "stamp") == 0) stamp();
  if (strcmp(what, "park") == 0) park();
  if (strcmp(what, "catch") == 0) catch_signals(number);
  if (strcmp(what, "at-once") == 0) orphans_at_once(number);
  if (strcmp(what, "one-by-one") == 0) orphans_one_by_one(number);
  if (strcmp(what, "alone") == 0) orphans_alone(number);
  if (strcmp(what, "lines") == 0) lines(number, other);
  fprintf(stderr, "child: no such role: %s\n", what);
  return 122;
}
