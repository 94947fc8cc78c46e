/** Addresses of the Internet Protocol. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[0-9a-f:.]+$/i;

export function isIpv4Address(text: string): boolean {
  return IPV4.test(text);
}

/** Of either version, without a zone. */
export function isIpAddress(text: string): boolean {
  if (isIpv4Address(text)) return true;
  return IPV6_CHARACTERS.test(text) && URL.canParse(`http://[${text}]/`);
}
