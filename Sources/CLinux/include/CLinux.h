// Calls of Linux that Swift's Glibc module does not show (they need _GNU_SOURCE), each as one typed function.
// Every function returns what the call returns and leaves the reason in errno, unless its comment says otherwise.
#ifndef CLINUX_H
#define CLINUX_H

#include <sys/types.h>

// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST when `target` is there.
int clinux_rename_noreplace(const char *source, const char *target);

// copy_file_range(2) from and to the current offsets.
ssize_t clinux_copy_range(int source, int target, size_t count);

// pidfd_open(2): a descriptor that goes on meaning this very process, closed on exec.
int clinux_pidfd_open(pid_t pid);

// pidfd_send_signal(2).
int clinux_pidfd_send_signal(int descriptor, int signal);

// The environment of this process, ended by NULL.
char **clinux_environment(void);

// posix_spawn(3) in a session of its own, with every signal at its default and none blocked, in the folder
// `folder`, with standard input from `input`, standard output and error to `log`, and nothing else open.
// A name without a slash is looked up in PATH. Returns 0 or the error number.
int clinux_spawn(pid_t *pid, const char *executable, char *const arguments[], char *const environment[],
                 int folder, int input, int log);

#endif
