// The module that is part of this package.
import { AssetCheck, PageClient } from "../engine/engine.js";
import type { Engine } from "./engine.js";

export const packageEngine: Engine = {
  open: (url, options, hooks) => new PageClient(url, options, hooks),
  checkAsset: (size, sha256, limit) => new AssetCheck(size, sha256, limit),
};
