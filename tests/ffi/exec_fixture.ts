import { becomeProgram } from "../../ffi/exec.ts";
import { serve } from "../fixture.ts";

const functions = { becomeProgram };

export type ExecFixture = typeof functions;
await serve(functions);
