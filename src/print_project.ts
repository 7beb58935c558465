/** The first word of denit's own call of itself for src/services/reader.ts; nobody else writes it. */
export const PRINT_PROJECT = "--print-project";
