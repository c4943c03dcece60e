# What is wrong with a field of a request.

method-unknown = 此处不提供这种支付方式。
methods-full = 您已保存 { $most } 种支付方式，这是上限。请先移除一种。
currency-unpayable = 这种支付方式不支持该订单的货币。
amount-not-positive = 请填写大于零的金额。
refund-of-nothing = 请指明订单，或该订单的一笔付款。
fee-above-the-whole = 费用最多为全部价格，即 10000 个基点。
