/* first STAMPS [CGROUP] -- COMMAND...: runs a command as first process of a PID namespace with a /proc of its own. */
#include "stamps.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

static void fail(const char *what) {
  perror(what);
  _exit(121);
}

static void enter(const char *cgroup) {
  char path[4096];
  snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) fail(path);
  close(fd);
}

int main(int argc, char **argv) {
  int command = 2;
  while (command < argc && strcmp(argv[command], "--") != 0) command++;
  if (argc < 4 || command + 1 >= argc) {
    fprintf(stderr, "first STAMPS [CGROUP] -- COMMAND...\n");
    return 121;
  }
  volatile uint64_t *stamps = open_stamps(argv[1]);
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) fail("unshare");
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("mount /");
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) fail("mount /proc");
    if (command == 3) enter(argv[2]);
    stamps[EXECUTED] = now();
    execvp(argv[command + 1], argv + command + 1);
    fail(argv[command + 1]);
  }
  stamps[INIT_PID] = (uint64_t)pid;
  int status;
  struct rusage usage;
  while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR);
  stamps[INIT_ENDED] = now();
  stamps[CPU_ALL] = cpu_of(&usage);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
