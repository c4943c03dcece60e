import vue from '@vitejs/plugin-vue'

/** The Vite configuration that every surface shares; `root` is the folder of its `index.html`. */
export function surface(root, more = {}) {
  const { plugins = [], build = {}, ...rest } = more
  return {
    root,
    configFile: false,
    logLevel: 'warn',
    define: {
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      __VUE_I18N_FULL_INSTALL__: 'false',
      __VUE_I18N_LEGACY_API__: 'false',
      __INTLIFY_PROD_DEVTOOLS__: 'false',
    },
    plugins: [vue(), ...plugins],
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      // As old as `light-dark()`, which must stay as written.
      target: ['chrome123', 'safari17.5', 'firefox128'],
      // The page policy allows no inline script and no data address for one.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      ...build,
    },
    ...rest,
  }
}
