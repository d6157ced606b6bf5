/** What the module's documents, and hosts in the field, tell in more than one way; the first of each is the default. */

/** How the terminal takes and prints it. */
export interface Spelling {
  /**
   * The guide's edition: 1.0 numbers AT+QLWM2M="select" 0 Leshan, 1 T-Mobile, 2 Verizon, 3 Ericsson, and AT+QLWM2M=? lists
   * its nine functions; those added later are there all the same.
   */
  readonly edition: "1.1" | "1.0";
  /** Failures of AT+QLWM2M: a bare ERROR whatever AT+CMEE says, or +CME ERROR as it says. */
  readonly errors: "plain" | "cme";
  /** Whether failures are +CME ERROR with their text even at AT+CMEE=0, as a sister module's are. */
  readonly cmeAtZero: boolean;
  /** How AT+QLWM2M="mbmps", the worked example's spelling, is answered: as mbsps, or as it was asked. */
  readonly mbspsName: "mbsps" | "asAsked";
  /**
   * Whether AT+QLWM2M="mbsps" demands what the guide's table says: all six values, the serial number the module's IMEI,
   * the phone number and ICCID the SIM's, a MAC address; hosts send less.
   */
  readonly mbspsStrict: boolean;
  /** Whether AT+QLWM2M="epns" tells the mode before the name. */
  readonly epnsMode: boolean;
  /** Whether AT+QLWM2M="lifetime" and "bootstrap",2 take a lifetime of 1 to 29 s, too. */
  readonly shortLifetimes: boolean;
  /** Whether AT+QLWM2M="bootstrap",1 without a value starts the Client, as one host takes it, beside being a query. */
  readonly bootstrapTriggers: boolean;
  /** A size in AT+QLWM2M="uldata" or "ulhex" that is not the data's: refused, or of no account. */
  readonly uplinkSize: "exact" | "lenient";
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
  cmeAtZero: false,
  mbspsName: "mbsps",
  mbspsStrict: false,
  epnsMode: false,
  shortLifetimes: false,
  bootstrapTriggers: false,
  uplinkSize: "exact",
  observeFlag: "always",
  observeInverted: false,
  observeSpace: false,
  downlink: "full",
  downlinkHex: false,
  fotaPercent: "sample",
  networkNames: "field",
};

/** What the Client does of it. */
export interface ClientDialect {
  /** Where /10250 and /26241 are offered, and take uplink data: in the LGU+ profile, or in all. */
  readonly uplinkObjects: "profile" | "all";
  /** What a key that lwm2m_cfg leaves out is: as the guide's Table 4, or as in its sample of the file. */
  readonly lwm2mCfgDefaults: "table" | "sample";
  /** Whether the host hears of event 0 when it has de-registered. */
  readonly deregisterEvent: boolean;
  /** What a refused or unanswered Update leads to: a Register, or, once no Server is left, the Bootstrap-Server as in Wakaama. */
  readonly updateRefused: "register" | "bootstrap";
}

export const DEFAULT_CLIENT_DIALECT: ClientDialect = {
  uplinkObjects: "profile",
  lwm2mCfgDefaults: "table",
  deregisterEvent: false,
  updateRefused: "register",
};
