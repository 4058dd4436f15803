#include "simhook.h"
#include <stddef.h>

// Exported by the Swift runtime (libswift_Concurrency); measured with Swift 6.3.1.
typedef __attribute__((swiftcall)) void (*original_enqueue)(void *job);
extern void *swift_task_enqueueGlobal_hook;

static sim_enqueue_fn enqueue;
static _Thread_local void *current_world;

static __attribute__((swiftcall)) void hook(void *job, void *original) {
  if (current_world)
    enqueue(current_world, job);
  else
    ((original_enqueue)original)(job);
}

void sim_hook_install(sim_enqueue_fn f) {
  enqueue = f;
  swift_task_enqueueGlobal_hook = (void *)hook;
}

void sim_hook_set_world(void *world) { current_world = world; }
