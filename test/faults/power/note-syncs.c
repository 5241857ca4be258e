/*
 * Loaded into a server process before the C library. Notes how much of SQLite's log is on disk: for each
 * sync of the log, a line with its generation and how far this process has written it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static off_t written = 0;

static int is_log(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  return length > 4 && memcmp(path + length - 4, "-wal", 4) == 0;
}

static void note(int fd, off_t end) {
  const char *path = getenv("WITHMAC_SYNC_NOTES");
  unsigned char salts[8];
  char line[64];
  int length = 0;
  if (path == NULL || pread(fd, salts, 8, 16) != 8) return;
  for (int at = 0; at < 8; at++) length += sprintf(line + length, "%02x", salts[at]);
  length += sprintf(line + length, " %lld\n", (long long)end);
  int notes = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (notes == -1) return;
  if (write(notes, line, length) != length) abort();
  close(notes);
}

static int sync_and_note(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  off_t end = written;
  int result = real(fd);
  if (result == 0 && is_log(fd)) note(fd, end);
  return result;
}

int fsync(int fd) { return sync_and_note("fsync", fd); }
int fdatasync(int fd) { return sync_and_note("fdatasync", fd); }

static ssize_t write_and_count(const char *name, int fd, const void *data, size_t size, off_t at) {
  ssize_t (*real)(int, const void *, size_t, off_t) =
      (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, name);
  ssize_t result = real(fd, data, size, at);
  if (result > 0 && is_log(fd)) written = at + result;
  return result;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
  return write_and_count("pwrite64", fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  return write_and_count("pwrite", fd, data, size, at);
}
