test-plain = 一切正常。
test-separator = 、
test-filled = 订单“{ $title }”（{ $code }）已完成。
test-count = { $whose }的 { $n } 个订单
test-kind =
    { $kind ->
        [disk] 磁盘已满。
       *[other] 其他：{ $kind }。
    }
test-inbox =
    .title = 完成
    .content = 已完成 { $n } 条。
test-lines =
    一行，
    又一行。
test-type = 保留字：{ $type }
