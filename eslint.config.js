const tseslint = require("typescript-eslint");

/** The folders of provider/core, in the order in which data goes through them. */
const stages = [
  "ssh",
  "wanted",
  "config",
  "seen",
  "steps",
  "installed",
  "decided/hosts",
  "decided/data",
  "decided/plans",
  "told",
  "adopted",
];
const io = ["node:*", "fs", "child_process", "net", "ssh2", "@pulumi/*"];

module.exports = tseslint.config(
  { ignores: ["dist/", "node_modules/", "coverage/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  ...stages.map((stage, place) => ({
    // Decisions are pure: text and data in, text and data out. A stage imports only itself and the stages before it.
    files: [`provider/core/${stage}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: [...io, "**/shell/*", "**/lifecycle/*", "**/resources/*"], message: "provider/core does no I/O" },
            ...(place === stages.length - 1
              ? []
              : [
                  {
                    // A folder of decided/ is imported as ../plans/… by the one beside it.
                    group: stages.slice(place + 1).map((later) => `**/${later.replace("decided/", "")}/*`),
                    message: `provider/core/${stage} comes before that stage`,
                  },
                ]),
          ],
        },
      ],
      "no-restricted-globals": ["error", "process", "setTimeout", "setInterval", "fetch", "console"],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now" },
        { object: "Math", property: "random" },
      ],
    },
  })),
  {
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
