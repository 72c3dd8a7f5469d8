// The build puts the module into the bundle as hexadecimal digits.
declare module "*.hex" {
  const digits: string;
  export default digits;
}
