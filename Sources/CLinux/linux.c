#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_rename_noreplace(const char *source, const char *target) {
    return renameat2(AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE);
}

ssize_t clinux_copy_range(int source, int target, size_t count) {
    return copy_file_range(source, NULL, target, NULL, count, 0);
}

int clinux_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int clinux_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

char **clinux_environment(void) {
    return environ;
}

static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (code == 0) code = posix_spawnattr_setsigdefault(attributes, &all);
    if (code == 0)
        code = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return code;
}

static int set_actions(posix_spawn_file_actions_t *actions, int folder, int input, int log) {
    int code = posix_spawn_file_actions_adddup2(actions, input, 0);
    if (code == 0) code = posix_spawn_file_actions_adddup2(actions, log, 1);
    if (code == 0) code = posix_spawn_file_actions_adddup2(actions, log, 2);
    if (code == 0) code = posix_spawn_file_actions_addfchdir_np(actions, folder);
    if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    return code;
}

int clinux_spawn(pid_t *pid, const char *executable, char *const arguments[], char *const environment[],
                 int folder, int input, int log) {
    // The caller's descriptors must lie above the three that are overwritten, or one would be lost on the way.
    if (folder < 3 || input < 3 || log < 3) return EBADF;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int code = posix_spawnattr_init(&attributes);
    if (code != 0) return code;
    code = posix_spawn_file_actions_init(&actions);
    if (code != 0) {
        posix_spawnattr_destroy(&attributes);
        return code;
    }
    code = set_attributes(&attributes);
    if (code == 0) code = set_actions(&actions, folder, input, log);
    if (code == 0)
        code = strchr(executable, '/') != NULL
                   ? posix_spawn(pid, executable, &actions, &attributes, arguments, environment)
                   : posix_spawnp(pid, executable, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return code;
}
