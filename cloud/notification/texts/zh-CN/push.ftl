# 浏览器无法登记推送的原因。

push-service-unknown = 此处不支持该浏览器的推送服务。
push-key-invalid = 这不是浏览器为通知生成的密钥。
