# Why a request cannot be read.

page-limit = 取值范围为 1 到 { $most }。
page-cursor = 请使用上一页返回的 `next`。
idempotency-key-too-long = 请发送一个 1 到 255 个字符的键。
one-host = 请只发送一个 `Host` 头，并注明请求的目标主机。

body-not-json-type = 请发送 JSON，并带上 `Content-Type: application/json`。
body-no-object = 请发送一个 JSON 对象。
body-not-json = 不是有效的 JSON：第 { $line } 行第 { $column } 列。

field-missing = 此字段为必填项。
field-unknown = 此处没有这个字段。
field-none-of = “{ $wrong }”不在可选值之中：{ $known }。
# What is expected is named in the English words of the program that reads it.
field-of-other-type = 此字段的值类型不正确，应为：{ $expected }。
field-invalid = 填写有误：{ $why }

list-separator = 、
