/**
 * The version of everything that makes a cached number: kernels, algorithm, statistics. Raise it with any change that
 * can change a result, and every cache is computed anew.
 */
export const engineVersion = "8";
