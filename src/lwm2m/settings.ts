/** What a host sets with AT+QLWM2M: every setting lands in the module's files and is read back from them. */

/** 0 Leshan, 1 T-Mobile, 2 LGU+, 3 Verizon, 4 Ericsson, 5 AT&T. */
export type Profile = 0 | 1 | 2 | 3 | 4 | 5;
/** 4 IMEI URN, 7 IMEI-MSISDN URN. */
export type EndpointForm = 4 | 7;
/** /0/x/2: 0 PSK, 3 NoSec. */
export type SecurityMode = 0 | 3;

export interface Mbsps {
  readonly serviceCode: string;
  readonly serialNumber: string;
  readonly cnt: string;
  readonly iccid: string;
  readonly module: string;
  readonly mac: string | undefined;
}

/** All setters throw ClientError when the value cannot be kept (no such file, profile not offered). */
export interface Settings {
  readonly profile: Profile;
  /** Loads a built-in set of files; an explicit server address, bootstrap mode and endpoint name are kept. */
  selectProfile(profile: Profile): void;
  /** The server of the account in use (bootstrap or registration, by `bootstrapMode`): "coap://host:port"; undefined without configuration. */
  readonly serverUri: string | undefined;
  setServerUri(uri: string): void;
  /** cdp: keeps the scheme that the security mode asks for. */
  setServer(host: string, port: number): void;
  /** Endpoint name set by epns; undefined = derived from the endpoint forms. */
  readonly endpointName: string | undefined;
  setEndpointName(mode: 0 | 1, name: string): void;
  /** 0 factory, 1 client-initiated (= category 3 of "bootstrap"). */
  readonly bootstrapMode: 0 | 1;
  setBootstrapMode(mode: 0 | 1): void;
  readonly mbsps: Mbsps | undefined;
  setMbsps(values: Mbsps): void;
  readonly lifetimeS: number | undefined;
  setLifetime(lifetimeS: number): void;
  readonly securityMode: SecurityMode | undefined;
  setSecurityMode(mode: SecurityMode): void;
  readonly endpointForms: { readonly registration: EndpointForm; readonly bootstrap: EndpointForm };
  setEndpointForms(registration: EndpointForm, bootstrap: EndpointForm): void;
  readonly apn: string;
  setApn(apn: string): void;
  /** 0 IPv4, 1 IPv6. */
  readonly ipPreference: 0 | 1;
  setIpPreference(type: 0 | 1): void;
  /** 0 text preferred, 1 hexadecimal. */
  readonly downlinkFormat: 0 | 1;
  setDownlinkFormat(format: 0 | 1): void;
  /** Autostart: the file lwm2m_app_autostart. */
  readonly enabled: boolean;
  setEnabled(enabled: boolean): void;
  readonly qcli: boolean;
  setQcli(enabled: boolean): void;
  /** Makes identity "IMEI:<imei>_QUECTELTMOBILEDDI" and its key, and stores ssl/<ssid>_server.psk for the account in use. */
  generatePsk(): void;
  /** The credential of the account in use. */
  readonly psk: { readonly identity: string; readonly keyHex: string } | undefined;
  /** bootstrap,0: restores bootstrap.ini from /datatx/factory; throws if there is none. */
  restoreFactory(): void;
  /** Deletes the persistent files in /datatx/lwm2m. */
  reset(): void;
  /** Deletes all configuration files, the persistent files and the autostart. */
  clean(): void;
}
