/** How the terminal prints what sources spell in more than one way; the first of each is the default. */
export interface Spelling {
  /** The guide's edition: 1.0 numbers AT+QLWM2M="select" 0 Leshan, 1 T-Mobile, 2 Verizon, 3 Ericsson. */
  readonly edition: "1.1" | "1.0";
  /** Failures of AT+QLWM2M: a bare ERROR whatever AT+CMEE says, or +CME ERROR as it says. */
  readonly errors: "plain" | "cme";
  /** How AT+QLWM2M="mbmps", the worked example's spelling, is answered: as mbsps, or as it was asked. */
  readonly mbspsName: "mbsps" | "asAsked";
  /** Whether AT+QLWM2M="epns" tells the mode before the name. */
  readonly epnsMode: boolean;
  /** When +QLWOBSERVE carries its third field. */
  readonly observeFlag: "always" | "cancelOnly" | "never";
  /** Whether the flag is 1 for begun and 0 for cancelled. */
  readonly observeInverted: boolean;
  /** Whether a space follows the first comma of +QLWOBSERVE, as in one of the guide's samples. */
  readonly observeSpace: boolean;
  /** +QLWDLDATA: four fields and a leading slash, or three and none as in the guide's sample. */
  readonly downlink: "full" | "sample";
  /** Whether downlink data is printed in hexadecimal whatever AT+QLWM2M="dltype" says: text may hold commas. */
  readonly downlinkHex: boolean;
  /** How +QIND: "FOTA" prints a percentage: " 1%" as the guide's samples, or "1" as its grammar. */
  readonly fotaPercent: "sample" | "plain";
  /** How +QNWINFO names LTE: CAT-M1 as modules in the field, or Cat-M1 as the manual. */
  readonly networkNames: "field" | "manual";
}

export const DEFAULT_SPELLING: Spelling = {
  edition: "1.1",
  errors: "plain",
  mbspsName: "mbsps",
  epnsMode: false,
  observeFlag: "always",
  observeInverted: false,
  observeSpace: false,
  downlink: "full",
  downlinkHex: false,
  fotaPercent: "sample",
  networkNames: "field",
};
