/** The sum of some numbers, added up in their order; 0 for none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The mean of some numbers; NaN for none. */
export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The next multiple of a number. */
export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
