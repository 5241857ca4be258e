/*
 * Loaded into a process before the C library. Makes each sync of a file take longer, as on a slower disk.
 * WITHMAC_SYNC_DELAY_US says by how many microseconds. If WITHMAC_SYNC_COUNT names a file, each delayed sync
 * adds a byte to it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void delay(void) {
  const char *microseconds = getenv("WITHMAC_SYNC_DELAY_US");
  long us = microseconds == NULL ? 0 : atol(microseconds);
  struct timespec left = {us / 1000000, us % 1000000 * 1000};
  while (us > 0 && nanosleep(&left, &left) != 0) continue;
  const char *path = getenv("WITHMAC_SYNC_COUNT");
  int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (file == -1) return;
  if (write(file, ".", 1) != 1) abort();
  close(file);
}

static int slowly(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  delay();
  return real(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
