/**
 * The symbols of libdenovirt.so. `ffi/abi.h` is the contract; `symbols_test.ts` compares the two.
 * Every function with an `out` buffer writes its answer there, or on a status other than OK the reason in words.
 */
export const ABI_VERSION = 1;

/** What every function but `shim_abi_version` and `shim_close` answers. */
export const STATUS = { ok: 0, error: 1, pending: 2, tooLarge: 3, absent: 4, foreign: 5 } as const;

export const symbols = {
  shim_abi_version: { parameters: [], result: "u32" },
  shim_kvm_probe: {
    parameters: ["buffer", "u64", "buffer"], // uint8_t *out, uint64_t out_capacity, uint64_t *out_length
    result: "i32",
    nonblocking: true,
  },
  shim_envelope_connect: {
    // const uint8_t *path, path_length, const uint8_t *pod_uid, pod_uid_length, uint64_t *handle, uint32_t *pid, out
    parameters: ["buffer", "u64", "buffer", "u64", "buffer", "buffer", "buffer", "u64", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  shim_envelope_alive: { parameters: ["u64"], result: "i32" },
  shim_envelope_socket: {
    parameters: ["u64", "buffer", "u64", "buffer"], // uint64_t handle, out
    result: "i32",
  },
  shim_envelope_release: {
    parameters: ["u64", "buffer", "u64", "buffer"], // uint64_t handle, out
    result: "i32",
    nonblocking: true,
  },
  shim_read_beneath: {
    parameters: ["u32", "buffer", "u64", "buffer", "u64", "buffer"], // uint32_t pid, path, path_length, out
    result: "i32",
    nonblocking: true,
  },
  shim_shared_read: {
    // const uint8_t *directory, directory_length, name, name_length, uint32_t owner, out
    parameters: ["buffer", "u64", "buffer", "u64", "u32", "buffer", "u64", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  shim_shared_socket: {
    // const uint8_t *directory, directory_length, name, name_length, uint32_t owner, uint64_t *handle, out
    parameters: ["buffer", "u64", "buffer", "u64", "u32", "buffer", "buffer", "u64", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  shim_domain_start: {
    // const uint8_t *program, program_length, directory, directory_length, input, input_length, uint64_t *handle, out
    parameters: [
      "buffer",
      "u64",
      "buffer",
      "u64",
      "buffer",
      "u64",
      "buffer",
      "buffer",
      "u64",
      "buffer",
    ],
    result: "i32",
    nonblocking: true,
  },
  shim_domain_poll: {
    parameters: ["u64", "buffer", "u64", "buffer"], // uint64_t handle, out
    result: "i32",
  },
  shim_close: { parameters: ["u64"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
