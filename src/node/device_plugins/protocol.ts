/**
 * The kubelet's device plugin API, v1beta1: the messages we use of it, and its two services. The text is parsed when it is
 * first needed; it is in here so that it travels with the program.
 */
import { Buffer } from "node:buffer";
import type { MethodDefinition } from "@grpc/grpc-js";
import protobuf from "protobufjs";

/** What a plugin says that it speaks. */
export const API_VERSION = "v1beta1";
/** Name of the kubelet's socket in the directory of device plugins. */
export const KUBELET_SOCKET = "kubelet.sock";

const PROTO = `
syntax = "proto3";
package v1beta1;

message Empty {}
message RegisterRequest {
  string version = 1;
  string endpoint = 2;
  string resource_name = 3;
  DevicePluginOptions options = 4;
}
message DevicePluginOptions {
  bool pre_start_required = 1;
  bool get_preferred_allocation_available = 2;
}
message ListAndWatchResponse { repeated Device devices = 1; }
message Device {
  string ID = 1;
  string health = 2;
}
message AllocateRequest { repeated ContainerAllocateRequest container_requests = 1; }
message ContainerAllocateRequest { repeated string devices_ids = 1; }
message AllocateResponse { repeated ContainerAllocateResponse container_responses = 1; }
message ContainerAllocateResponse { repeated DeviceSpec devices = 3; }
message DeviceSpec {
  string container_path = 1;
  string host_path = 2;
  string permissions = 3;
}
`;

/** No fields. */
export type Empty = Record<never, never>;

export interface RegisterRequest {
  version: string;
  /** Name of the plugin's socket, in the same directory as the kubelet's. */
  endpoint: string;
  resource_name: string;
}

export interface Device {
  ID: string;
  health: "Healthy" | "Unhealthy";
}

export interface ListAndWatchResponse {
  devices: Device[];
}

export interface AllocateRequest {
  container_requests: { devices_ids: string[] }[];
}

export interface DeviceSpec {
  container_path: string;
  host_path: string;
  /** Of the device cgroup: r, w, m. */
  permissions: string;
}

export interface AllocateResponse {
  container_responses: { devices: DeviceSpec[] }[];
}

let messages: protobuf.Root | undefined;

function codec<T extends object>(name: string) {
  const type = () => {
    messages ??= protobuf.parse(PROTO, { keepCase: true }).root;
    return messages.lookupType(`${API_VERSION}.${name}`);
  };
  return {
    serialize: (value: T): Buffer => Buffer.from(type().encode(type().fromObject(value)).finish()),
    deserialize: (bytes: Buffer): T =>
      type().toObject(type().decode(bytes), { arrays: true, defaults: true }) as T,
  };
}

interface MethodNames {
  service: "Registration" | "DevicePlugin";
  method: string;
  request: string;
  response: string;
  stream?: boolean;
}

function method<Request extends object, Response extends object>(
  { service, method, request, response, stream = false }: MethodNames,
): MethodDefinition<Request, Response> {
  const [asked, answered] = [codec<Request>(request), codec<Response>(response)];
  return {
    path: `/${API_VERSION}.${service}/${method}`,
    requestStream: false,
    responseStream: stream,
    requestSerialize: asked.serialize,
    requestDeserialize: asked.deserialize,
    responseSerialize: answered.serialize,
    responseDeserialize: answered.deserialize,
  };
}

/** Served by the kubelet. */
export const REGISTRATION = {
  Register: method<RegisterRequest, Empty>({
    service: "Registration",
    method: "Register",
    request: "RegisterRequest",
    response: "Empty",
  }),
};

/** Served by a plugin. GetPreferredAllocation and PreStartContainer are called only where the options say so. */
export const DEVICE_PLUGIN = {
  GetDevicePluginOptions: method<Empty, Empty>({
    service: "DevicePlugin",
    method: "GetDevicePluginOptions",
    request: "Empty",
    response: "DevicePluginOptions",
  }),
  ListAndWatch: method<Empty, ListAndWatchResponse>({
    service: "DevicePlugin",
    method: "ListAndWatch",
    request: "Empty",
    response: "ListAndWatchResponse",
    stream: true,
  }),
  Allocate: method<AllocateRequest, AllocateResponse>({
    service: "DevicePlugin",
    method: "Allocate",
    request: "AllocateRequest",
    response: "AllocateResponse",
  }),
};
