// The Chinese texts of the page, by the English text that stands in t("...").
//
// Terms as in OneNET's documents: 设备, 资源, 数据流, 触发器, 观测 (observe), 离线命令, 推送.

export const ZH = {
  // main.js
  "M5310 emulator": "M5310 仿真器",
  Devices: "设备",
  Triggers: "触发器",
  Push: "推送",
  Wire: "线路",
  Modules: "模组",
  "Air and platform": "空口与平台",
  Auto: "自动",
  Light: "浅色",
  Dark: "深色",
  Theme: "主题",
  Language: "语言",
  live: "实时",
  connecting: "正在连接",
  Views: "视图",
  "Skip to the content": "跳到内容",
  "Key of the emulator": "仿真器的 key",
  "The emulator prints the address of this page with the key at its start. --api-key sets the key.":
    "仿真器启动时会打印带有 key 的页面地址；--api-key 可设定 key。",
  "Key (api-key)": "key（api-key）",
  Open: "打开",
  "No connection": "没有连接",
  "Try again": "重试",

  // api.js
  "The answer of {path} is not JSON": "{path} 的应答不是 JSON",
  "The emulator does not answer: has it ended?": "仿真器没有应答：它是否已退出？",

  // dom.js
  "Close message": "关闭消息",
  Cancel: "取消",
  Close: "关闭",

  // times.js
  "{n} s": "{n} 秒",
  s: "秒",
  min: "分",
  h: "小时",
  d: "天",

  // device.js, module.js
  Device: "设备",
  Module: "模组",
};
