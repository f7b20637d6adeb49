/** Whether a text is an IPv4 address in four decimal parts, without leading zeros (RFC 6943, section 3.1.1). */
export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Whether a text is an IPv6 address (RFC 4291, section 2.2), without a zone. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.includes(':::')) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  const embedded = last !== undefined && isIpv4(last) && !text.endsWith('::');
  const plain = embedded ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = plain.length + (embedded ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

/** Whether only this machine reaches an address: 127.0.0.0/8 (RFC 1122) or ::1. */
export function isLoopback(address: string): boolean {
  return (isIpv4(address) && address.startsWith('127.')) || (isIpv6(address) && /^[0:]*:0*1$/.test(address));
}

/** Whether an address stands for all of this machine: `0.0.0.0` or `::`. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || (isIpv6(address) && /^[0:]+$/.test(address));
}
