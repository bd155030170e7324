export declare const rulesFile: (description: unknown) => string
