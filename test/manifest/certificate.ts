/** A certificate as a PEM file holds it; nothing here looks inside. */
export const certificate = `-----BEGIN CERTIFICATE-----\n${`${'MIIB'.repeat(16)}\n`.repeat(6)}-----END CERTIFICATE-----\n`;
