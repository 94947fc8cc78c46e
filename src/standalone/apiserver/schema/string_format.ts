/** Formats of strings that the API server checks; it ignores all others (apiextensions, validation/formats.go). */

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?([0-9a-f])[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const MAC = /^([0-9a-f]{2}([:-]))([0-9a-f]{2}\2){4}[0-9a-f]{2}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DURATION = /^(\d+(\.\d+)?\s*(ns|us|µs|ms|s|sec|m|min|h|hr|d|day|w|wk)s?\s*)+$/i;
const HOSTNAME = /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,62})(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,62}))*$/;
const HOSTNAME_LENGTH_MAX = 255;

const CHECKS: Record<string, (value: string) => boolean> = {
  byte: (value) => BASE64.test(value),
  cidr: isCidr,
  date: isDate,
  datetime: isDateTime,
  duration: (value) => /^[+-]?0$/.test(value) || isGoDuration(value) || DURATION.test(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  hostname: (value) => value.length <= HOSTNAME_LENGTH_MAX && HOSTNAME.test(value),
  ipv4: isIpv4,
  ipv6: isIpv6,
  mac: (value) => MAC.test(value),
  password: () => true,
  uri: (value) => URL.canParse(value) || (value.startsWith("/") && URL.canParse(value, "a://b")),
  uuid: (value) => UUID.test(value),
  uuid3: (value) => UUID.exec(value)?.[1] === "3",
  uuid4: (value) => UUID.exec(value)?.[1] === "4",
  uuid5: (value) => UUID.exec(value)?.[1] === "5",
};

/** Whether the format is one that is checked. */
export function isCheckedFormat(format: string | undefined): boolean {
  return format !== undefined && Object.hasOwn(CHECKS, normalize(format));
}

/** Whether the string has the format; any string has one that is not checked. */
export function hasFormat(value: string, format: string): boolean {
  return CHECKS[normalize(format)]?.(value) ?? true;
}

function normalize(format: string): string {
  return format.replaceAll("-", "");
}

function isDate(value: string): boolean {
  return DATE.test(value) && !Number.isNaN(Date.parse(`${value}T00:00:00Z`));
}

function isDateTime(value: string): boolean {
  const match = DATE_TIME.exec(value);
  if (match === null || !isDate(match[1] ?? "")) return false;
  return Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60;
}

function isGoDuration(value: string): boolean {
  return /^[+-]?(\d+\.?\d*(ns|us|µs|μs|ms|s|m|h))+$/.test(value);
}

function isIpv4(value: string): boolean {
  const parts = value.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part < 256);
}

function isIpv6(value: string): boolean {
  return value.includes(":") && /^[0-9a-fA-F:.]+$/.test(value) && URL.canParse(`http://[${value}]`);
}

function isCidr(value: string): boolean {
  const [address = "", bits = "", ...rest] = value.split("/");
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIpv4(address) && +bits <= 32) || (isIpv6(address) && +bits <= 128);
}
