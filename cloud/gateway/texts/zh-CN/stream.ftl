# What a page hears that opens one stream too many.

streams-of-one = 每人在此最多同时打开 { $most } 个实时连接。
streams-of-all = 此处同时打开的页面过多，请几秒后重试。
