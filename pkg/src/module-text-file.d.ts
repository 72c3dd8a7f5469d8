// The build puts the module into the bundle as text.
declare module "*.text" {
  const text: string;
  export default text;
}
