/** The DTLS cipher suites with a plain pre-shared key, by their IANA names. */

/** What LwM2M 1.0.2 §7.1.7 makes mandatory, and what it recommends. */
export const DEFAULT_CIPHERS: readonly string[] = ["TLS_PSK_WITH_AES_128_CCM_8", "TLS_PSK_WITH_AES_128_CBC_SHA256"];

/** All that can be offered. */
export const KNOWN_CIPHERS: readonly string[] = [
  "TLS_PSK_WITH_AES_128_CCM_8",
  "TLS_PSK_WITH_AES_256_CCM_8",
  "TLS_PSK_WITH_AES_128_CCM",
  "TLS_PSK_WITH_AES_256_CCM",
  "TLS_PSK_WITH_AES_128_GCM_SHA256",
  "TLS_PSK_WITH_AES_256_GCM_SHA384",
  "TLS_PSK_WITH_AES_128_CBC_SHA256",
  "TLS_PSK_WITH_AES_256_CBC_SHA384",
  "TLS_PSK_WITH_AES_128_CBC_SHA",
  "TLS_PSK_WITH_AES_256_CBC_SHA",
];
