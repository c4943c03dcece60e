# The command line: what is wrong with one, and the headings of its help. In English `clap` says what is
# under `mistake` and `help` in its own words; those stand here for translators.

expected-address = 应为形如 http://127.0.0.1:8080 的地址
expected-region = 应为 NORTH、SOUTH、EAST、WEST 或 MID
expected-edge = 应为形如 north-1 的名称：小写字母、数字和连字符
expected-id = 应为形如 0192f5d4-0000-7000-8000-000000000003 的 ID
expected-moment = 应为时刻（如 2026-11-22T14:00Z）或多久以前（如 2h）
expected-policy = 应为 optimistic 或 exclusive
expected-cursor = 应为上一页给出的位置
expected-condition = 应为以下之一：links-up、synced、synced=REGION、drained、order=ID:STATUS
expected-condition-region = 应为 synced=REGION，其中区域为 NORTH、SOUTH、EAST、WEST 或 MID
expected-condition-status = 应为 order=ID:STATUS，其中状态为以下之一：{ $statuses }
expected-range = 应为 { $from } 至 { $to } 的整数
expected-number = 应为整数
# Between the values of a list that is to choose from.
choice-separator = 、

mistake-no-value = `{ $arg }` 缺少取值
mistake-value = `{ $arg }` 的值 `{ $value }` 无效
mistake-value-why = `{ $arg }` 的值 `{ $value }` 无效：{ $why }
mistake-not-one-of = `{ $arg }` 的值 `{ $value }` 无效：应为 { $known }
mistake-unknown-argument = 多余的参数 `{ $arg }`
mistake-unknown-command = 没有名为 `{ $name }` 的命令
mistake-missing = 缺少参数 { $arg }
mistake-missing-command = 缺少命令
mistake-conflict = `{ $arg }` 不能与其他参数同时使用，或只能使用一次
mistake-suggestion = 您是否想用：{ $name }
mistake-help = 运行 `--help` 了解详情

help-usage = 用法：
help-commands = 命令
help-arguments = 参数
help-options = 选项
help-help = 显示帮助
help-command = 显示本帮助或某条命令的帮助
help-version = 显示版本
