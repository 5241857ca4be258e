/*
 * Loaded into a process before the C library. Writes into one file, in the order of all processes, what they
 * do to the files of one folder: writes, truncations, syncs, new names and removed names. It simulates a slow
 * disk: a sync takes a moment, and syncs nothing.
 *
 * A sync of a file *.acks is a signal for the harness: the content of that file was acknowledged. The writes
 * of Bun to it are not traced here, but its syncs are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC_BEGUN, SYNC_ENDED, NAMED, UNNAMED, ACKNOWLEDGED };

/* A file. The folder itself has an empty name. */
struct file {
  char name[64];
  uint64_t inode;
  int64_t size;
  int is_ack;
};

struct record {
  uint32_t what, process, thread, name_length;
  uint64_t inode, offset, length;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

static const char *folder(void) {
  const char *path = getenv("WITHMAC_TRACE_FOLDER");
  return path == NULL ? "/nowhere" : path;
}

/* The name inside the folder. NULL for other folders, and for shared memory, which a power cut deletes. */
static const char *name_within(const char *path) {
  size_t length = strlen(folder());
  if (strncmp(path, folder(), length) != 0) return NULL;
  if (path[length] == 0) return "";
  if (path[length] != '/') return NULL;
  size_t rest = strlen(path + length + 1);
  if (rest >= 4 && strcmp(path + length + 1 + rest - 4, "-shm") == 0) return NULL;
  return path + length + 1;
}

static int look_at(int fd, struct file *file) {
  char link[64], path[4096];
  struct stat stat;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  char *deleted = strstr(path, " (deleted)");
  if (deleted != NULL) *deleted = 0;
  const char *name = name_within(path);
  if (name == NULL || strlen(name) >= sizeof file->name || fstat(fd, &stat) != 0) return 0;
  strcpy(file->name, name);
  file->inode = stat.st_ino;
  file->size = stat.st_size;
  size_t size = strlen(name);
  file->is_ack = size > 5 && strcmp(name + size - 5, ".acks") == 0;
  return 1;
}

/* Only one thread of one process at a time may do something and record it. */
static void lock(void) {
  pthread_mutex_lock(&mutex);
  if (trace == -1) {
    const char *path = getenv("WITHMAC_TRACE");
    int (*real)(const char *, int, ...) = REAL("open", int (*)(const char *, int, ...));
    trace = real(path == NULL ? "/nowhere" : path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (trace == -1) abort();
  }
  while (flock(trace, LOCK_EX) != 0)
    if (errno != EINTR) abort();
}

static void unlock(void) {
  int kept = errno;
  flock(trace, LOCK_UN);
  pthread_mutex_unlock(&mutex);
  errno = kept;
}

static void note(uint32_t what, const struct file *file, uint64_t offset, const void *data, size_t length) {
  int kept = errno;
  uint32_t name_length = strlen(file->name);
  struct record record = {what, getpid(), gettid(), name_length, file->inode, offset, length};
  struct iovec parts[] = {
    {&record, sizeof record}, {(void *)file->name, name_length}, {(void *)data, length}
  };
  if (writev(trace, parts, 3) != (ssize_t)(sizeof record + name_length + length)) abort();
  errno = kept;
}

static ssize_t traced_write(const char *call, int fd, const void *data, size_t length, off_t offset) {
  ssize_t (*real)(int, const void *, size_t, off_t) =
      REAL(call, ssize_t (*)(int, const void *, size_t, off_t));
  struct file file;
  if (!look_at(fd, &file) || file.is_ack) return real(fd, data, length, offset);
  lock();
  ssize_t result = real(fd, data, length, offset);
  if (result > 0) note(WRITE, &file, offset, data, result);
  unlock();
  return result;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return traced_write("pwrite", fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
  return traced_write("pwrite64", fd, data, length, offset);
}

static int traced_truncate(const char *call, int fd, off_t length) {
  int (*real)(int, off_t) = REAL(call, int (*)(int, off_t));
  struct file file;
  if (!look_at(fd, &file)) return real(fd, length);
  lock();
  int result = real(fd, length);
  if (result == 0) note(TRUNCATE, &file, length, NULL, 0);
  unlock();
  return result;
}

int ftruncate(int fd, off_t length) { return traced_truncate("ftruncate", fd, length); }
int ftruncate64(int fd, off_t length) { return traced_truncate("ftruncate64", fd, length); }

static int traced_sync(const char *call, int fd, int data_alone) {
  int (*real)(int) = REAL(call, int (*)(int));
  static __thread unsigned seed;
  struct file file;
  if (!look_at(fd, &file)) return real(fd);
  lock();
  if (file.is_ack) note(ACKNOWLEDGED, &file, file.size, NULL, 0);
  else note(SYNC_BEGUN, &file, data_alone, NULL, 0);
  unlock();
  if (file.is_ack) return 0;
  if (seed == 0) seed = gettid();
  usleep(rand_r(&seed) % 1500);
  lock();
  note(SYNC_ENDED, &file, data_alone, NULL, 0);
  unlock();
  return 0;
}

int fsync(int fd) { return traced_sync("fsync", fd, 0); }
int fdatasync(int fd) { return traced_sync("fdatasync", fd, 1); }

static int traced_open(const char *call, const char *path, int flags, mode_t mode) {
  int (*real)(const char *, int, ...) = REAL(call, int (*)(const char *, int, ...));
  struct file file;
  if (name_within(path) == NULL || (flags & O_CREAT) == 0) return real(path, flags, mode);
  lock();
  int fd = real(path, flags, mode);
  if (fd != -1 && look_at(fd, &file) && !file.is_ack) note(NAMED, &file, 0, NULL, 0);
  unlock();
  return fd;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return traced_open("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return traced_open("open64", path, flags, mode);
}

int unlink(const char *path) {
  int (*real)(const char *) = REAL("unlink", int (*)(const char *));
  const char *name = name_within(path);
  struct file file = {.inode = 0};
  if (name == NULL || strlen(name) >= sizeof file.name) return real(path);
  strcpy(file.name, name);
  lock();
  int result = real(path);
  if (result == 0) note(UNNAMED, &file, 0, NULL, 0);
  unlock();
  return result;
}

/* These files are never renamed. If they were, images would be wrong. */
int rename(const char *from, const char *to) {
  if (name_within(from) != NULL || name_within(to) != NULL) abort();
  return REAL("rename", int (*)(const char *, const char *))(from, to);
}
