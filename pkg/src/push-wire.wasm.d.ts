// The module as bundlers import it as a file: its URL.
declare const url: string;
export default url;
