// A page that uses both entries.
import * as whole from "push-wire";
import * as slim from "push-wire/slim";

import { check } from "./check.mjs";
import { server, show } from "./outcome.mjs";

/** Shows the outcome of the check with each entry; `wasm` is the URL of the module. */
export function showBoth(wasm) {
  show({
    whole: () => check(whole, server()),
    slim: async () => {
      await slim.initWasm(wasm);
      return check(slim, server());
    },
  });
}
