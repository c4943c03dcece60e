# What is wrong with a field of a request.

code-no-code = 请填写如 N-7F3K9Q 的编号。
status-out-of-reach = 您无法将订单变更为该状态。

## Who assigns a region

epoch-passed = 该节点已进入另一代次。
epoch-missing = 请填写状态中显示的该节点代次。
holder-unknown = 该区域没有此名称的已登记节点。
holder-missing = 请填写该代次所属的节点。
policy-without-holder = 仅 `exclusive` 策略的区域可以指定持有节点。
