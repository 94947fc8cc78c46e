/*
 * libdenovirt.so: what src/hypervisor/native/symbols.ts declares to Deno; a test compares the two.
 *
 * Handles and bytes cross, never pointers to keep. The library never calls back. Every buffer is the caller's and is
 * used during the call only. A function with `out` writes its answer there and its length to *out_length; on a status
 * other than SHIM_OK it writes the reason, in words, instead. No call waits longer than the time it names.
 */
#ifndef DENOVIRT_ABI_H
#define DENOVIRT_ABI_H

#include <stdint.h>

#define SHIM_ABI_VERSION 1

#define SHIM_OK 0
#define SHIM_ERROR 1
#define SHIM_PENDING 2   /* ask again later */
#define SHIM_TOO_LARGE 3 /* the answer does not fit into `out` */
#define SHIM_ABSENT 4    /* nobody is there */
#define SHIM_FOREIGN 5   /* somebody else is there */

uint32_t shim_abi_version(void);

/* Asks /dev/kvm what it can do; JSON. A node without KVM is an answer, not an error. */
int32_t shim_kvm_probe(uint8_t *out, uint64_t out_capacity, uint64_t *out_length);

/*
 * Connects to the envelope that listens at path, and checks that the cgroup of the process behind it names pod_uid.
 * The handle keeps the connection and the process; *pid is its id on the node.
 */
int32_t shim_envelope_connect(const uint8_t *path, uint64_t path_length, const uint8_t *pod_uid, uint64_t pod_uid_length,
                              uint64_t *handle, uint32_t *pid, uint8_t *out, uint64_t out_capacity,
                              uint64_t *out_length);

/* SHIM_OK while the envelope's process lives, SHIM_ABSENT after. */
int32_t shim_envelope_alive(uint64_t handle);

/*
 * The answer is a path in /proc to connect to, which means this envelope's very socket until the handle is closed,
 * whatever is put into its place.
 */
int32_t shim_envelope_socket(uint64_t handle, uint8_t *out, uint64_t out_capacity, uint64_t *out_length);

/* Tells the envelope to end; waits at most 2 s until it has said "ok" or ended. */
int32_t shim_envelope_release(uint64_t handle, uint8_t *out, uint64_t out_capacity, uint64_t *out_length);

/* Reads a regular file beneath the root of a process; no link leads out of that root. */
int32_t shim_read_beneath(uint32_t pid, const uint8_t *path, uint64_t path_length, uint8_t *out, uint64_t out_capacity,
                          uint64_t *out_length);

/*
 * Reads a regular file of that owner in a directory where somebody less trusted may write; by no link, and at once
 * whatever it is. SHIM_FOREIGN: it is something else, or somebody else's.
 */
int32_t shim_shared_read(const uint8_t *directory, uint64_t directory_length, const uint8_t *name, uint64_t name_length,
                         uint32_t owner, uint8_t *out, uint64_t out_capacity, uint64_t *out_length);

/*
 * Holds a socket of that owner in such a directory, by no link. The answer is a path in /proc to connect to, which means
 * this very socket until the handle is closed, whatever is put into its place.
 */
int32_t shim_shared_socket(const uint8_t *directory, uint64_t directory_length, const uint8_t *name,
                           uint64_t name_length, uint32_t owner, uint64_t *handle, uint8_t *out, uint64_t out_capacity,
                           uint64_t *out_length);

/*
 * Starts a domain process in a session of its own, without our descriptors, its standard error going to domain.log in
 * the directory; a thread hands it input and waits for the line that it prints.
 */
int32_t shim_domain_start(const uint8_t *program, uint64_t program_length, const uint8_t *directory,
                          uint64_t directory_length, const uint8_t *input, uint64_t input_length, uint64_t *handle,
                          uint8_t *out, uint64_t out_capacity, uint64_t *out_length);

/* SHIM_PENDING until the line is there. */
int32_t shim_domain_poll(uint64_t handle, uint8_t *out, uint64_t out_capacity, uint64_t *out_length);

/* Closes a handle of any kind. A domain process that was started goes on. */
int32_t shim_close(uint64_t handle);

#endif
