#pragma once
// Catches tasks that no executor preference reaches (`Task { }`, `Task.detached`) and hands them to a simulated world.
typedef void (*sim_enqueue_fn)(void *world, void *job);
// Installs the hook for the whole process; threads without a world go on as usual.
void sim_hook_install(sim_enqueue_fn f);
// Names the world of this thread; NULL gives the thread back to the real runtime.
void sim_hook_set_world(void *world);
