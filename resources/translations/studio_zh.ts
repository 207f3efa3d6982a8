<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About Seamseg Studio</source>
        <translation>关于 Seamseg Studio</translation>
    </message>
    <message>
        <source>asking …</source>
        <translation>正在查询 …</translation>
    </message>
    <message>
        <source>Diagnostics</source>
        <translation>诊断信息</translation>
    </message>
    <message>
        <source>Program</source>
        <translation>程序</translation>
    </message>
    <message>
        <source>Libraries</source>
        <translation>程序库</translation>
    </message>
    <message>
        <source>Copy the diagnostics</source>
        <translation>复制诊断信息</translation>
    </message>
    <message>
        <source>Versions, machine and the last messages; no names or contents of images</source>
        <translation>版本、机器和最近的消息；不含图像的名称或内容</translation>
    </message>
    <message>
        <source>Labels every pixel of images with a model that learns from your corrections.</source>
        <translation>用一个从您的修正中学习的模型标注图像的每个像素。</translation>
    </message>
    <message>
        <source>Licence of the program</source>
        <translation>程序的许可</translation>
    </message>
    <message>
        <source>The sample photos</source>
        <translation>示例照片</translation>
    </message>
    <message>
        <source>CC BY 2.0; their sources are listed beside them</source>
        <translation>CC BY 2.0；来源列在照片旁边</translation>
    </message>
    <message>
        <source>The starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>for non-commercial use only, as the data it was trained on</source>
        <translation>仅限非商业用途，与其训练数据相同</translation>
    </message>
    <message>
        <source>The network&apos;s own operations here</source>
        <translation>网络自有运算在本机上的实现</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>程序库</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>许可</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;100 %</source>
        <translation>100 %</translation>
    </message>
    <message>
        <source>&amp;About Seamseg Studio</source>
        <translation>关于 Seamseg Studio</translation>
    </message>
    <message>
        <source>&amp;Brush</source>
        <translation>画笔</translation>
    </message>
    <message>
        <source>&amp;Cancel labelling</source>
        <translation>取消标注</translation>
    </message>
    <message>
        <source>&amp;Categories without outlines</source>
        <translation>类别颜色，无轮廓</translation>
    </message>
    <message>
        <source>&amp;Close project</source>
        <translation>关闭项目</translation>
    </message>
    <message>
        <source>&amp;Command palette…</source>
        <translation>命令面板…</translation>
    </message>
    <message>
        <source>&amp;Compare it with its base…</source>
        <translation>与基础模型比较…</translation>
    </message>
    <message>
        <source>&amp;Convert to the current category</source>
        <translation>转换为当前类别</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>&amp;Difference to the prediction</source>
        <translation>与预测的差异</translation>
    </message>
    <message>
        <source>&amp;Dim all but the selection</source>
        <translation>除所选外变暗</translation>
    </message>
    <message>
        <source>&amp;Edit the categories…</source>
        <translation>编辑类别…</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑</translation>
    </message>
    <message>
        <source>&amp;Eraser</source>
        <translation>橡皮擦</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>&amp;Fill and outline</source>
        <translation>填充和轮廓</translation>
    </message>
    <message>
        <source>&amp;Fill</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>&amp;Fit the image</source>
        <translation>适合窗口</translation>
    </message>
    <message>
        <source>&amp;Flag or unflag</source>
        <translation>标记或取消标记</translation>
    </message>
    <message>
        <source>&amp;Go back to the model before</source>
        <translation>返回先前的模型</translation>
    </message>
    <message>
        <source>&amp;Grow and smooth</source>
        <translation>扩展与平滑</translation>
    </message>
    <message>
        <source>&amp;Grow by a pixel</source>
        <translation>扩展一个像素</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助</translation>
    </message>
    <message>
        <source>&amp;Hide or show the current category</source>
        <translation>隐藏或显示当前类别</translation>
    </message>
    <message>
        <source>&amp;Hide or show</source>
        <translation>隐藏或显示</translation>
    </message>
    <message>
        <source>&amp;Instances apart</source>
        <translation>区分实例</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <source>&amp;Label this image</source>
        <translation>标注此图像</translation>
    </message>
    <message>
        <source>&amp;Label</source>
        <translation>标注</translation>
    </message>
    <message>
        <source>&amp;Larger brush</source>
        <translation>增大画笔</translation>
    </message>
    <message>
        <source>&amp;Larger</source>
        <translation>更大</translation>
    </message>
    <message>
        <source>&amp;Lasso</source>
        <translation>套索</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>&amp;Load a model…</source>
        <translation>加载模型…</translation>
    </message>
    <message>
        <source>&amp;Lock or unlock</source>
        <translation>锁定或解锁</translation>
    </message>
    <message>
        <source>&amp;Merge</source>
        <translation>合并</translation>
    </message>
    <message>
        <source>&amp;Next image</source>
        <translation>下一张图像</translation>
    </message>
    <message>
        <source>&amp;Normal</source>
        <translation>正常</translation>
    </message>
    <message>
        <source>&amp;Open the most uncertain image</source>
        <translation>打开最不确定的图像</translation>
    </message>
    <message>
        <source>&amp;Outline only</source>
        <translation>仅轮廓</translation>
    </message>
    <message>
        <source>&amp;Overlay</source>
        <translation>叠加层</translation>
    </message>
    <message>
        <source>&amp;Paste at the same place</source>
        <translation>粘贴到相同位置</translation>
    </message>
    <message>
        <source>&amp;Pause labelling</source>
        <translation>暂停标注</translation>
    </message>
    <message>
        <source>&amp;Polygon</source>
        <translation>多边形</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>重做</translation>
    </message>
    <message>
        <source>&amp;Reject: back to the prediction</source>
        <translation>拒绝：恢复为预测结果</translation>
    </message>
    <message>
        <source>&amp;Reset the layout</source>
        <translation>重置布局</translation>
    </message>
    <message>
        <source>&amp;Rulers</source>
        <translation>标尺</translation>
    </message>
    <message>
        <source>&amp;Search a category</source>
        <translation>搜索类别</translation>
    </message>
    <message>
        <source>&amp;Segment</source>
        <translation>分割块</translation>
    </message>
    <message>
        <source>&amp;Select</source>
        <translation>选择</translation>
    </message>
    <message>
        <source>&amp;Shrink by a pixel</source>
        <translation>收缩一个像素</translation>
    </message>
    <message>
        <source>&amp;Smaller</source>
        <translation>更小</translation>
    </message>
    <message>
        <source>&amp;Stop the training</source>
        <translation>停止训练</translation>
    </message>
    <message>
        <source>&amp;Take acceptance back</source>
        <translation>撤回接受</translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>&amp;Tools</source>
        <translation>工具</translation>
    </message>
    <message>
        <source>&amp;Train on the corrections…</source>
        <translation>用修正进行训练…</translation>
    </message>
    <message>
        <source>&amp;Train</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>&amp;Uncertainty of the model</source>
        <translation>模型的不确定性</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>&amp;Use the new model</source>
        <translation>使用新模型</translation>
    </message>
    <message>
        <source>&amp;User guide</source>
        <translation>用户手册(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图</translation>
    </message>
    <message>
        <source>&amp;What is this?</source>
        <translation>这是什么？(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;Who said so</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>A&amp;ccept, on to the next</source>
        <translation>接受并转到下一张</translation>
    </message>
    <message>
        <source>As the &amp;system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Ask the m&amp;odel</source>
        <translation>询问模型(&amp;O)</translation>
    </message>
    <message>
        <source>C&amp;opy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Category of key 1</source>
        <translation>按键 1 的类别</translation>
    </message>
    <message>
        <source>Category of key 2</source>
        <translation>按键 2 的类别</translation>
    </message>
    <message>
        <source>Category of key 3</source>
        <translation>按键 3 的类别</translation>
    </message>
    <message>
        <source>Category of key 4</source>
        <translation>按键 4 的类别</translation>
    </message>
    <message>
        <source>Category of key 5</source>
        <translation>按键 5 的类别</translation>
    </message>
    <message>
        <source>Category of key 6</source>
        <translation>按键 6 的类别</translation>
    </message>
    <message>
        <source>Category of key 7</source>
        <translation>按键 7 的类别</translation>
    </message>
    <message>
        <source>Category of key 8</source>
        <translation>按键 8 的类别</translation>
    </message>
    <message>
        <source>Category of key 9</source>
        <translation>按键 9 的类别</translation>
    </message>
    <message>
        <source>Copy from the image bef&amp;ore</source>
        <translation>从上一张图像复制</translation>
    </message>
    <message>
        <source>Cro&amp;wd or not</source>
        <translation>设为群体或取消</translation>
    </message>
    <message>
        <source>Cross&amp;hair</source>
        <translation>十字线</translation>
    </message>
    <message>
        <source>F&amp;ull screen</source>
        <translation>全屏</translation>
    </message>
    <message>
        <source>Fill &amp;holes</source>
        <translation>填补孔洞</translation>
    </message>
    <message>
        <source>Flag with a n&amp;ote…</source>
        <translation>添加备注并标记…</translation>
    </message>
    <message>
        <source>Gi&amp;ve a category at the pointer…</source>
        <translation>在指针处指定类别…</translation>
    </message>
    <message>
        <source>Give &amp;category</source>
        <translation>指定类别</translation>
    </message>
    <message>
        <source>High &amp;contrast</source>
        <translation>高对比度</translation>
    </message>
    <message>
        <source>I&amp;mage as it is</source>
        <translation>原始图像</translation>
    </message>
    <message>
        <source>Label &amp;all images</source>
        <translation>标注所有图像</translation>
    </message>
    <message>
        <source>Label all images a&amp;gain…</source>
        <translation>重新标注所有图像(&amp;G)…</translation>
    </message>
    <message>
        <source>Lock or unlock the c&amp;urrent category</source>
        <translation>锁定或解锁当前类别</translation>
    </message>
    <message>
        <source>Magic &amp;wand</source>
        <translation>魔棒</translation>
    </message>
    <message>
        <source>Mo&amp;del thresholds</source>
        <translation>模型阈值(&amp;D)</translation>
    </message>
    <message>
        <source>Ne&amp;xt panel</source>
        <translation>下一个面板</translation>
    </message>
    <message>
        <source>Next &amp;unaccepted image</source>
        <translation>下一张未接受的图像</translation>
    </message>
    <message>
        <source>Next uncertain &amp;place</source>
        <translation>下一个不确定处</translation>
    </message>
    <message>
        <source>Open &amp;folder…</source>
        <translation>打开文件夹…</translation>
    </message>
    <message>
        <source>Open &amp;images…</source>
        <translation>打开图像…</translation>
    </message>
    <message>
        <source>Open &amp;project…</source>
        <translation>打开项目…</translation>
    </message>
    <message>
        <source>Open the &amp;sample photos</source>
        <translation>打开示例照片</translation>
    </message>
    <message>
        <source>P&amp;references…</source>
        <translation>首选项…</translation>
    </message>
    <message>
        <source>Pick &amp;category</source>
        <translation>拾取类别</translation>
    </message>
    <message>
        <source>Pre&amp;vious image</source>
        <translation>上一张图像</translation>
    </message>
    <message>
        <source>Pre&amp;vious panel</source>
        <translation>上一个面板</translation>
    </message>
    <message>
        <source>Previous uncertain place</source>
        <translation>上一个不确定处</translation>
    </message>
    <message>
        <source>R&amp;estart the engine</source>
        <translation>重启引擎</translation>
    </message>
    <message>
        <source>S&amp;hape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>S&amp;maller brush</source>
        <translation>减小画笔</translation>
    </message>
    <message>
        <source>S&amp;mart scissors</source>
        <translation>智能剪刀</translation>
    </message>
    <message>
        <source>S&amp;mooth the borders</source>
        <translation>平滑边界</translation>
    </message>
    <message>
        <source>S&amp;uperpixel brush</source>
        <translation>超像素画笔</translation>
    </message>
    <message>
        <source>Select &amp;all segments</source>
        <translation>选择所有分割块</translation>
    </message>
    <message>
        <source>Select &amp;none</source>
        <translation>取消选择</translation>
    </message>
    <message>
        <source>Short &amp;tour</source>
        <translation>简短导览(&amp;T)</translation>
    </message>
    <message>
        <source>Show &amp;all</source>
        <translation>全部显示</translation>
    </message>
    <message>
        <source>Show &amp;names</source>
        <translation>显示名称</translation>
    </message>
    <message>
        <source>Show out&amp;lines</source>
        <translation>显示轮廓</translation>
    </message>
    <message>
        <source>Spli&amp;t</source>
        <translation>拆分</translation>
    </message>
    <message>
        <source>Split into unconnected &amp;parts</source>
        <translation>拆分为不相连的部分</translation>
    </message>
    <message>
        <source>T&amp;roubleshooting</source>
        <translation>疑难解答(&amp;R)</translation>
    </message>
    <message>
        <source>T&amp;utorial</source>
        <translation>教程(&amp;T)</translation>
    </message>
    <message>
        <source>Text &amp;size</source>
        <translation>文字大小</translation>
    </message>
    <message>
        <source>Use the sta&amp;rter model</source>
        <translation>使用入门模型</translation>
    </message>
    <message>
        <source>Work &amp;area</source>
        <translation>工作区域</translation>
    </message>
    <message>
        <source>Work on the whole &amp;image</source>
        <translation>处理整张图像</translation>
    </message>
    <message>
        <source>Zoom &amp;in</source>
        <translation>放大</translation>
    </message>
    <message>
        <source>Zoom &amp;out</source>
        <translation>缩小</translation>
    </message>
</context>
<context>
    <name>Additions</name>
    <message>
        <source>Adding images</source>
        <translation>正在添加图像</translation>
    </message>
</context>
<context>
    <name>Canvas</name>
    <message>
        <source>Canvas</source>
        <translation>画布</translation>
    </message>
    <message>
        <source>There is no prediction of this image to compare with</source>
        <translation>此图像没有可供比较的预测结果</translation>
    </message>
    <message>
        <source>The last change is still being worked out; undo drops it</source>
        <translation>上一次修改仍在计算中；撤销可放弃它</translation>
    </message>
    <message>
        <source>model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>you</source>
        <translation>您</translation>
    </message>
    <message>
        <source>file</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>已锁定</translation>
    </message>
</context>
<context>
    <name>CanvasBar</name>
    <message>
        <source>Overlay</source>
        <translation>叠加层</translation>
    </message>
    <message>
        <source>How strong the colours are</source>
        <translation>颜色的强度</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>How bright the image is</source>
        <translation>图像的亮度</translation>
    </message>
    <message>
        <source>Fill + outline</source>
        <translation>填充 + 轮廓</translation>
    </message>
    <message>
        <source>Colours of the categories, with outlines</source>
        <translation>类别颜色，带轮廓</translation>
    </message>
    <message>
        <source>Outline</source>
        <translation>轮廓</translation>
    </message>
    <message>
        <source>Outlines only</source>
        <translation>仅轮廓</translation>
    </message>
    <message>
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message>
        <source>Each instance in a colour of its own</source>
        <translation>每个实例使用各自的颜色</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Colours of the categories, without outlines</source>
        <translation>类别颜色，无轮廓</translation>
    </message>
    <message>
        <source>Uncertainty</source>
        <translation>不确定性</translation>
    </message>
    <message>
        <source>Blue where the model is sure, yellow where it is not; plain where you have said so</source>
        <translation>模型确定处为蓝色，不确定处为黄色；您标注处为素色</translation>
    </message>
    <message>
        <source>Who said so</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Model blue, you orange, imported green</source>
        <translation>模型蓝色，您橙色，导入绿色</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>差异</translation>
    </message>
    <message>
        <source>Only where the category is not what the model said; light grey where nothing is left</source>
        <translation>仅显示类别与模型不同之处；浅灰色表示已无标注</translation>
    </message>
    <message>
        <source>More</source>
        <translation>更多</translation>
    </message>
    <message>
        <source>Further meanings of the colours</source>
        <translation>颜色的更多含义</translation>
    </message>
    <message>
        <source>H peek</source>
        <translation>H 查看原图</translation>
    </message>
    <message>
        <source>Hold H to see the image alone</source>
        <translation>按住 H 仅显示图像</translation>
    </message>
</context>
<context>
    <name>Card</name>
    <message>
        <source>Dismiss: {0}</source>
        <translation>关闭：{0}</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>What can I do?</source>
        <translation>我能做什么？</translation>
    </message>
    <message>
        <source>Opens the guide at what it says about this message</source>
        <translation>打开手册中关于此消息的部分</translation>
    </message>
</context>
<context>
    <name>CategoriesDialog</name>
    <message>
        <source>Categories</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>添加</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>上移</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>下移</translation>
    </message>
    <message>
        <source>Colour…</source>
        <translation>颜色…</translation>
    </message>
    <message>
        <source>Thing or stuff</source>
        <translation>物体或背景</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>导入…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>更改</translation>
    </message>
    <message>
        <source>Written to {0}.</source>
        <translation>已写入 {0}。</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>种类</translation>
    </message>
    <message>
        <source>Segments</source>
        <translation>分割块</translation>
    </message>
    <message>
        <source>Its segments become</source>
        <translation>其分割块变为</translation>
    </message>
    <message>
        <source>thing</source>
        <translation>物体</translation>
    </message>
    <message>
        <source>stuff</source>
        <translation>背景</translation>
    </message>
    <message>
        <source>What the segments of {0} become</source>
        <translation>{0} 的分割块变为什么</translation>
    </message>
    <message>
        <source>unlabelled</source>
        <translation>未标注</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>No label changes.</source>
        <translation>不会更改任何标注。</translation>
    </message>
    <message>
        <source>Images whose labels change: {0}.</source>
        <translation>标注将更改的图像：{0}。</translation>
    </message>
    <message>
        <source>Segments that become unlabelled: {0}.</source>
        <translation>将变为未标注的分割块：{0}。</translation>
    </message>
    <message>
        <source>A backup is made, and it can be taken back.</source>
        <translation>会创建备份，并且可以撤回。</translation>
    </message>
    <message>
        <source>new category</source>
        <translation>新类别</translation>
    </message>
    <message>
        <source>Taxonomies ({0})</source>
        <translation>分类体系 ({0})</translation>
    </message>
    <message>
        <source>Import categories</source>
        <translation>导入类别</translation>
    </message>
    <message>
        <source>Export categories</source>
        <translation>导出类别</translation>
    </message>
</context>
<context>
    <name>CategoriesPanel</name>
    <message>
        <source>Categories</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Search or press /</source>
        <translation>搜索或按 /</translation>
    </message>
    <message>
        <source>The categories of the open image will be listed here.</source>
        <translation>此处将列出所打开图像的类别。</translation>
    </message>
    <message>
        <source>The key counts until the project is closed only</source>
        <translation>该按键仅在项目关闭前有效</translation>
    </message>
    <message>
        <source>{0} · stuff {1} · things {2}</source>
        <translation>{0} · 背景 {1} · 物体 {2}</translation>
    </message>
    <message>
        <source>Give the selection to {0}</source>
        <translation>将所选设为 {0}</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>Hidden</source>
        <translation>已隐藏</translation>
    </message>
    <message>
        <source>Locked in every image</source>
        <translation>在所有图像中锁定</translation>
    </message>
    <message>
        <source>Edit the categories…</source>
        <translation>编辑类别…</translation>
    </message>
</context>
<context>
    <name>CategoryChange</name>
    <message>
        <source>Some work is not on disk yet; free some space and try again.</source>
        <translation>部分工作尚未写入磁盘；请释放空间后重试。</translation>
    </message>
    <message>
        <source>Changing the categories</source>
        <translation>正在更改类别</translation>
    </message>
    <message>
        <source>The categories were not brought back</source>
        <translation>类别未能恢复</translation>
    </message>
    <message>
        <source>Edited since, so left as they are: {0}</source>
        <translation>此后已编辑，因此保持不变：{0}</translation>
    </message>
    <message>
        <source>The former categories are back</source>
        <translation>已恢复原来的类别</translation>
    </message>
    <message>
        <source>Images whose labels changed: {0}</source>
        <translation>标注已更改的图像：{0}</translation>
    </message>
    <message>
        <source>Take it back</source>
        <translation>撤回</translation>
    </message>
    <message>
        <source>Keep it</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>The categories are changed</source>
        <translation>类别已更改</translation>
    </message>
</context>
<context>
    <name>CategoryModel</name>
    <message>
        <source>stuff</source>
        <translation>背景</translation>
    </message>
    <message>
        <source>thing</source>
        <translation>物体</translation>
    </message>
    <message>
        <source>segments: {0}</source>
        <translation>分割块：{0}</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>已隐藏</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>已锁定</translation>
    </message>
</context>
<context>
    <name>CategoryPopup</name>
    <message>
        <source>Give a category</source>
        <translation>指定类别</translation>
    </message>
    <message>
        <source>Type a category</source>
        <translation>输入类别</translation>
    </message>
</context>
<context>
    <name>ChangedPhotos</name>
    <message>
        <source>Not saved</source>
        <translation>未保存</translation>
    </message>
    <message>
        <source>The labels of {0} were made over another picture. Put the former file back, or look them over.</source>
        <translation>{0} 的标注是在另一张图片上完成的。请放回原来的文件，或检查这些标注。</translation>
    </message>
    <message>
        <source>The labels fit</source>
        <translation>标注合适</translation>
    </message>
    <message>
        <source>The photo was changed since it was labelled</source>
        <translation>照片在标注之后被更改过</translation>
    </message>
</context>
<context>
    <name>Chips</name>
    <message>
        <source>starting</source>
        <translation>正在启动</translation>
    </message>
    <message>
        <source>loading the model</source>
        <translation>正在加载模型</translation>
    </message>
    <message>
        <source>ready</source>
        <translation>就绪</translation>
    </message>
    <message>
        <source>working</source>
        <translation>工作中</translation>
    </message>
    <message>
        <source>restarting</source>
        <translation>正在重启</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Project  {0}</source>
        <translation>项目  {0}</translation>
    </message>
    <message>
        <source>read only</source>
        <translation>只读</translation>
    </message>
    <message>
        <source>Model  {0}</source>
        <translation>模型  {0}</translation>
    </message>
    <message>
        <source>{0}
{1} million parameters</source>
        <translation>{0}
{1} 百万参数</translation>
    </message>
    <message>
        <source>Engine · {0}</source>
        <translation>引擎 · {0}</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Panel: {0}</source>
        <translation>面板：{0}</translation>
    </message>
    <message>
        <source>Command palette</source>
        <translation>命令面板</translation>
    </message>
    <message>
        <source>Type a command</source>
        <translation>输入命令</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>Open images</source>
        <translation>打开图像</translation>
    </message>
    <message>
        <source>Images ({0})</source>
        <translation>图像 ({0})</translation>
    </message>
    <message>
        <source>Open a folder of images</source>
        <translation>打开图像文件夹</translation>
    </message>
    <message>
        <source>Open a project (.seamseg)</source>
        <translation>打开项目 (.seamseg)</translation>
    </message>
    <message>
        <source>An export is running; wait for its end.</source>
        <translation>正在导出；请等待其完成。</translation>
    </message>
    <message>
        <source>No more uncertain places in this image</source>
        <translation>此图像中没有更多不确定处</translation>
    </message>
    <message>
        <source>Uncertain place {0} of {1} · {2} % unsure</source>
        <translation>不确定处 {0} / {1} · 不确定度 {2} %</translation>
    </message>
    <message>
        <source>a training is running</source>
        <translation>正在训练</translation>
    </message>
    <message>
        <source>every image has labels</source>
        <translation>所有图像均已标注</translation>
    </message>
    <message>
        <source>no image is open</source>
        <translation>没有打开的图像</translation>
    </message>
    <message>
        <source>no images are being labelled</source>
        <translation>没有正在标注的图像</translation>
    </message>
    <message>
        <source>no model was compared since the start</source>
        <translation>启动以来没有比较过模型</translation>
    </message>
    <message>
        <source>no model was trained since the start</source>
        <translation>启动以来没有训练过模型</translation>
    </message>
    <message>
        <source>no other model was used before</source>
        <translation>之前没有使用过其他模型</translation>
    </message>
    <message>
        <source>no project is open</source>
        <translation>没有打开的项目</translation>
    </message>
    <message>
        <source>no segment is selected</source>
        <translation>没有选择分割块</translation>
    </message>
    <message>
        <source>no segment was copied</source>
        <translation>没有复制分割块</translation>
    </message>
    <message>
        <source>no training is running</source>
        <translation>没有正在进行的训练</translation>
    </message>
    <message>
        <source>nothing is hidden</source>
        <translation>没有隐藏的内容</translation>
    </message>
    <message>
        <source>nothing to redo</source>
        <translation>没有可重做的操作</translation>
    </message>
    <message>
        <source>nothing to undo</source>
        <translation>没有可撤销的操作</translation>
    </message>
    <message>
        <source>select one segment</source>
        <translation>请选择一个分割块</translation>
    </message>
    <message>
        <source>select two segments or more</source>
        <translation>请选择两个或更多分割块</translation>
    </message>
    <message>
        <source>the image is not accepted</source>
        <translation>该图像未被接受</translation>
    </message>
    <message>
        <source>the images are being labelled</source>
        <translation>正在标注图像</translation>
    </message>
    <message>
        <source>the last change is still being worked out</source>
        <translation>上一次修改仍在计算中</translation>
    </message>
    <message>
        <source>the model has not labelled this image</source>
        <translation>模型尚未标注此图像</translation>
    </message>
    <message>
        <source>the project is open for reading only</source>
        <translation>项目以只读方式打开</translation>
    </message>
    <message>
        <source>the work area is the whole image</source>
        <translation>工作区域是整张图像</translation>
    </message>
</context>
<context>
    <name>CompareDialog</name>
    <message>
        <source>The new model beside its base</source>
        <translation>新模型与其基础模型并列</translation>
    </message>
    <message>
        <source>Images held back, greatest gain first</source>
        <translation>保留的图像，提升最大的优先</translation>
    </message>
    <message>
        <source>Show the photo in place of the base</source>
        <translation>显示照片以代替基础模型</translation>
    </message>
    <message>
        <source>Scores of the base and of the new model</source>
        <translation>基础模型与新模型的得分</translation>
    </message>
    <message>
        <source>base</source>
        <translation>基础</translation>
    </message>
    <message>
        <source>new</source>
        <translation>新</translation>
    </message>
</context>
<context>
    <name>Documents</name>
    <message>
        <source>Every change is on disk.</source>
        <translation>所有更改都已写入磁盘。</translation>
    </message>
    <message>
        <source>Saved after all</source>
        <translation>最终已保存</translation>
    </message>
    <message>
        <source>Changes of {0} are not on disk yet</source>
        <translation>{0} 的更改尚未写入磁盘</translation>
    </message>
    <message>
        <source>Not changed</source>
        <translation>未更改</translation>
    </message>
</context>
<context>
    <name>EnginePage</name>
    <message>
        <source>The fastest there is</source>
        <translation>可用的最快设备</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>GPU (CUDA)</source>
        <translation>GPU (CUDA)</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>What suits the device</source>
        <translation>适合设备的精度</translation>
    </message>
    <message>
        <source>32 bits: exact, slower</source>
        <translation>32 位：精确，较慢</translation>
    </message>
    <message>
        <source>16 bits (fp16): faster on a GPU</source>
        <translation>16 位 (fp16)：在 GPU 上更快</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精度</translation>
    </message>
    <message>
        <source>Half: fastest, misses small things</source>
        <translation>一半：最快，会漏掉小物体</translation>
    </message>
    <message>
        <source>As the model was trained</source>
        <translation>与模型训练时相同</translation>
    </message>
    <message>
        <source>One and a half: smaller things, twice the time</source>
        <translation>一倍半：更小的物体，两倍时间</translation>
    </message>
    <message>
        <source>Double: the smallest things, four times the time</source>
        <translation>两倍：最小的物体，四倍时间</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>尺寸</translation>
    </message>
    <message>
        <source>Label an image by itself when it is opened and has no labels</source>
        <translation>打开没有标注的图像时自动标注</translation>
    </message>
    <message>
        <source>After a correction, offer what the model would change around it</source>
        <translation>更正后，提示模型会如何修改其周围</translation>
    </message>
    <message>
        <source>A change of device or precision starts the engine anew; the size counts from the next image on.</source>
        <translation>更改设备或精度会重新启动引擎；尺寸从下一幅图像起生效。</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <source>All with labels ({0})</source>
        <translation>所有已标注 ({0})</translation>
    </message>
    <message>
        <source>Accepted only ({0})</source>
        <translation>仅已接受 ({0})</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>选择…</translation>
    </message>
    <message>
        <source>Replace what an earlier export left there</source>
        <translation>替换之前导出的内容</translation>
    </message>
    <message>
        <source>Mapping of the categories</source>
        <translation>类别映射</translation>
    </message>
    <message>
        <source>as they are</source>
        <translation>保持不变</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>none: one part only</source>
        <translation>无：仅一个部分</translation>
    </message>
    <message>
        <source>Part for validation</source>
        <translation>验证部分</translation>
    </message>
    <message>
        <source>For validation</source>
        <translation>用于验证</translation>
    </message>
    <message>
        <source>Keep together</source>
        <translation>保持在一起</translation>
    </message>
    <message>
        <source>Images that look nearly the same</source>
        <translation>看起来几乎相同的图像</translation>
    </message>
    <message>
        <source>also images whose names differ in their last number</source>
        <translation>以及名称仅末尾数字不同的图像</translation>
    </message>
    <message>
        <source>also images of one folder</source>
        <translation>以及同一文件夹的图像</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>保持不变</translation>
    </message>
    <message>
        <source>Longer side at most {0} px</source>
        <translation>长边最多 {0} 像素</translation>
    </message>
    <message>
        <source>Put the photographs beside the labels</source>
        <translation>将照片与标注放在一起</translation>
    </message>
    <message>
        <source>Mappings and taxonomies ({0})</source>
        <translation>映射和分类体系 ({0})</translation>
    </message>
    <message>
        <source>Export into</source>
        <translation>导出到</translation>
    </message>
    <message>
        <source>Name a folder.</source>
        <translation>请指定文件夹。</translation>
    </message>
    <message>
        <source>No image is accepted yet: accept some with Enter, or export all with labels.</source>
        <translation>尚无已接受的图像：请按 Enter 接受，或导出所有已标注的图像。</translation>
    </message>
    <message>
        <source>No image has labels yet: label some first.</source>
        <translation>尚无已标注的图像：请先进行标注。</translation>
    </message>
    <message>
        <source>Images to write: {0}</source>
        <translation>要写入的图像：{0}</translation>
    </message>
    <message>
        <source>This format cannot carry everything; what is lost is counted and listed.</source>
        <translation>此格式无法保留全部内容；丢失的内容会被统计并列出。</translation>
    </message>
</context>
<context>
    <name>Failures</name>
    <message>
        <source>{0}: {1}
Your work is saved up to the last finished stroke. You can go on; if it comes again, restart.</source>
        <translation>{0}: {1}
您的工作已保存到最后完成的一笔。您可以继续；如果再次出现，请重新启动。</translation>
    </message>
    <message>
        <source>A report lies in {0}. Nothing is sent.</source>
        <translation>报告位于 {0}。不会发送任何内容。</translation>
    </message>
    <message>
        <source>There is not enough memory</source>
        <translation>内存不足</translation>
    </message>
    <message>
        <source>What you asked for was not done. Close other programs, then do it again. Your work is saved up to the last finished stroke.</source>
        <translation>您要求的操作没有完成。请关闭其他程序后重试。您的工作已保存到最后完成的一笔。</translation>
    </message>
    <message>
        <source>Something went wrong</source>
        <translation>出现错误</translation>
    </message>
</context>
<context>
    <name>FlagDialog</name>
    <message>
        <source>Flag {0}</source>
        <translation>标记 {0}</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>e.g. is this a van or a lorry?</source>
        <translation>例如：这是面包车还是卡车？</translation>
    </message>
    <message>
        <source>Flag</source>
        <translation>标记</translation>
    </message>
    <message>
        <source>What should be looked at again?</source>
        <translation>需要再次查看什么？</translation>
    </message>
</context>
<context>
    <name>GuideWindow</name>
    <message>
        <source>User guide</source>
        <translation>用户手册</translation>
    </message>
    <message>
        <source>Search the guide</source>
        <translation>搜索手册</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>目录</translation>
    </message>
    <message>
        <source>Back ({0})</source>
        <translation>返回 ({0})</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>返回</translation>
    </message>
    <message>
        <source>Nothing was found</source>
        <translation>未找到</translation>
    </message>
</context>
<context>
    <name>HelpDesk</name>
    <message>
        <source>F1 opens the guide at this place.</source>
        <translation>F1 打开手册的相应位置。</translation>
    </message>
    <message>
        <source>Asking which ops are in use</source>
        <translation>正在查询所用的运算</translation>
    </message>
</context>
<context>
    <name>HistoryModel</name>
    <message>
        <source>as it was opened first</source>
        <translation>最初打开时的状态</translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>History</source>
        <translation>历史</translation>
    </message>
    <message>
        <source>Every change of the open image will be listed here.</source>
        <translation>此处将列出所打开图像的每次更改。</translation>
    </message>
    <message>
        <source>changes: {0}</source>
        <translation>更改：{0}</translation>
    </message>
</context>
<context>
    <name>ImageModel</name>
    <message>
        <source>new</source>
        <translation>新</translation>
    </message>
    <message>
        <source>predicted</source>
        <translation>已预测</translation>
    </message>
    <message>
        <source>in progress</source>
        <translation>进行中</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>已接受</translation>
    </message>
    <message>
        <source>flagged</source>
        <translation>已标记</translation>
    </message>
    <message>
        <source>the model is {0} % sure</source>
        <translation>模型置信度 {0} %</translation>
    </message>
</context>
<context>
    <name>ImagesPanel</name>
    <message>
        <source>Images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>Filter by name, note or status</source>
        <translation>按名称、备注或状态筛选</translation>
    </message>
    <message>
        <source>Drop images or a folder into the window.</source>
        <translation>将图像或文件夹拖入窗口。</translation>
    </message>
    <message>
        <source>as added</source>
        <translation>添加顺序</translation>
    </message>
    <message>
        <source>by name</source>
        <translation>按名称</translation>
    </message>
    <message>
        <source>by status</source>
        <translation>按状态</translation>
    </message>
    <message>
        <source>least certain first</source>
        <translation>最不确定的优先</translation>
    </message>
    <message>
        <source>Order of the images</source>
        <translation>图像顺序</translation>
    </message>
    <message>
        <source>all ▾</source>
        <translation>全部 ▾</translation>
    </message>
    <message>
        <source>Which images are shown</source>
        <translation>显示哪些图像</translation>
    </message>
    <message>
        <source>With a category</source>
        <translation>包含某类别</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>全部显示</translation>
    </message>
    <message>
        <source>some ▾</source>
        <translation>部分 ▾</translation>
    </message>
    <message>
        <source>No image fits the filter.</source>
        <translation>没有符合筛选条件的图像。</translation>
    </message>
    <message>
        <source>{0} of {1} accepted</source>
        <translation>已接受 {0} / {1}</translation>
    </message>
    <message>
        <source>{0} shown · </source>
        <translation>显示 {0} · </translation>
    </message>
</context>
<context>
    <name>JobLine</name>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>(+{0} more)</source>
        <translation>(另有 {0} 项)</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>继续</translation>
    </message>
</context>
<context>
    <name>JournalWriter</name>
    <message>
        <source>Not saved, {0} kept in memory and retried: {1}</source>
        <translation>未保存，{0} 保留在内存中并将重试：{1}</translation>
    </message>
    <message>
        <source>Saved {0}</source>
        <translation>已保存 {0}</translation>
    </message>
</context>
<context>
    <name>KeyModel</name>
    <message>
        <source>Command</source>
        <translation>命令</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>Menu</source>
        <translation>菜单</translation>
    </message>
    <message>
        <source>Also: {0}</source>
        <translation>另见：{0}</translation>
    </message>
</context>
<context>
    <name>KeysPage</name>
    <message>
        <source>Keys as in</source>
        <translation>按键方案</translation>
    </message>
    <message>
        <source>Seamseg Studio</source>
        <translation>Seamseg Studio</translation>
    </message>
    <message>
        <source>Search a command or a key</source>
        <translation>搜索命令或按键</translation>
    </message>
    <message>
        <source>New keys</source>
        <translation>新按键</translation>
    </message>
    <message>
        <source>Set</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>添加</translation>
    </message>
    <message>
        <source>No key</source>
        <translation>无按键</translation>
    </message>
    <message>
        <source>As in the preset</source>
        <translation>与预设相同</translation>
    </message>
    <message>
        <source>Commands and their keys</source>
        <translation>命令及其按键</translation>
    </message>
    <message>
        <source>Take over</source>
        <translation>占用</translation>
    </message>
    <message>
        <source>{0} is for looking around and pointing on the canvas and cannot be given away.</source>
        <translation>{0} 用于在画布上查看和指点，不能改作他用。</translation>
    </message>
    <message>
        <source>{0} belongs to: {1}. Taking it over leaves that without it.</source>
        <translation>{0} 属于：{1}。占用后对方将失去该按键。</translation>
    </message>
    <message>
        <source>{0} is free.</source>
        <translation>{0} 可用。</translation>
    </message>
    <message>
        <source>Keys that do nothing now, as several commands have them: {0}</source>
        <translation>因被多个命令占用而无效的按键：{0}</translation>
    </message>
    <message>
        <source>Choose a command, click into the field and press the keys. No key is in conflict.</source>
        <translation>选择命令，点击输入框并按下按键。当前没有冲突。</translation>
    </message>
</context>
<context>
    <name>LabelFolderJob</name>
    <message>
        <source>{0} img/s</source>
        <translation>{0} 张/秒</translation>
    </message>
    <message>
        <source>{0} s an image</source>
        <translation>每张 {0} 秒</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>剩余 {0}</translation>
    </message>
</context>
<context>
    <name>Labelling</name>
    <message>
        <source>Labelling</source>
        <translation>正在标注</translation>
    </message>
    <message>
        <source>Labelling stopped</source>
        <translation>标注已停止</translation>
    </message>
    <message>
        <source>Images that nobody has worked on get new labels in any case. Replacing can be undone by image.</source>
        <translation>无人处理过的图像总会重新标注。替换可逐图撤销。</translation>
    </message>
    <message>
        <source>Keep what people did</source>
        <translation>保留人工结果</translation>
    </message>
    <message>
        <source>Replace it</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Label all images again</source>
        <translation>重新标注所有图像</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>This image was not labelled</source>
        <translation>此图像未被标注</translation>
    </message>
    <message>
        <source>You have worked on {0}, so nothing was changed. Using it is one step that can be undone.</source>
        <translation>您已编辑 {0}，因此未作更改。采用它是可以撤销的一步。</translation>
    </message>
    <message>
        <source>The model has a new proposal</source>
        <translation>模型有新的建议</translation>
    </message>
    <message>
        <source>Use the proposal</source>
        <translation>采用建议</translation>
    </message>
    <message>
        <source>Keep mine</source>
        <translation>保留我的</translation>
    </message>
    <message>
        <source>{0}: its project was closed</source>
        <translation>{0}：其项目已关闭</translation>
    </message>
    <message>
        <source>Images labelled: {0}</source>
        <translation>已标注图像：{0}</translation>
    </message>
    <message>
        <source>Labelling finished, but not for every image</source>
        <translation>标注完成，但并非所有图像</translation>
    </message>
    <message>
        <source>not labelled: {0}</source>
        <translation>未标注：{0}</translation>
    </message>
    <message>
        <source>Labelling finished</source>
        <translation>标注完成</translation>
    </message>
    <message>
        <source>Use the starter model</source>
        <translation>使用入门模型</translation>
    </message>
    <message>
        <source>The engine does not work</source>
        <translation>引擎无法工作</translation>
    </message>
    <message>
        <source>What it labels as one of these stays unlabelled here: {0}.</source>
        <translation>被其标为以下类别的内容在此保持未标注：{0}。</translation>
    </message>
    <message>
        <source>The model knows categories that this project has not</source>
        <translation>模型包含此项目没有的类别</translation>
    </message>
</context>
<context>
    <name>Labels</name>
    <message>
        <source>ask the model: {0}</source>
        <translation>询问模型：{0}</translation>
    </message>
    <message>
        <source>back to the prediction</source>
        <translation>恢复为预测</translation>
    </message>
    <message>
        <source>convert to {0}</source>
        <translation>转换为 {0}</translation>
    </message>
    <message>
        <source>copy {0} from the image before</source>
        <translation>从上一图像复制 {0}</translation>
    </message>
    <message>
        <source>delete {0}</source>
        <translation>删除 {0}</translation>
    </message>
    <message>
        <source>erase</source>
        <translation>擦除</translation>
    </message>
    <message>
        <source>fill holes of {0}</source>
        <translation>填充 {0} 的孔洞</translation>
    </message>
    <message>
        <source>fill with {0}</source>
        <translation>用 {0} 填充</translation>
    </message>
    <message>
        <source>grow {0}</source>
        <translation>扩大 {0}</translation>
    </message>
    <message>
        <source>lock</source>
        <translation>锁定</translation>
    </message>
    <message>
        <source>mark as crowd</source>
        <translation>标记为群体</translation>
    </message>
    <message>
        <source>mark as no crowd</source>
        <translation>取消群体标记</translation>
    </message>
    <message>
        <source>merge {0}</source>
        <translation>合并 {0}</translation>
    </message>
    <message>
        <source>neighbours as the model sees them</source>
        <translation>按模型所见修改相邻区域</translation>
    </message>
    <message>
        <source>paint {0}</source>
        <translation>绘制 {0}</translation>
    </message>
    <message>
        <source>paste {0}</source>
        <translation>粘贴 {0}</translation>
    </message>
    <message>
        <source>relabel as {0}</source>
        <translation>改为 {0}</translation>
    </message>
    <message>
        <source>shrink {0}</source>
        <translation>缩小 {0}</translation>
    </message>
    <message>
        <source>smooth {0}</source>
        <translation>平滑 {0}</translation>
    </message>
    <message>
        <source>split {0} into parts</source>
        <translation>将 {0} 拆成各部分</translation>
    </message>
    <message>
        <source>split {0}</source>
        <translation>分割 {0}</translation>
    </message>
    <message>
        <source>unlock</source>
        <translation>解锁</translation>
    </message>
    <message>
        <source>{0}: add {1}</source>
        <translation>{0}：添加到 {1}</translation>
    </message>
    <message>
        <source>{0}: new {1}</source>
        <translation>{0}：新建 {1}</translation>
    </message>
    <message>
        <source>{0}: replace {1}</source>
        <translation>{0}：替换 {1}</translation>
    </message>
    <message>
        <source>{0}: subtract {1}</source>
        <translation>{0}：从 {1} 减去</translation>
    </message>
    <message>
        <source>{0}: subtract</source>
        <translation>{0}：减去</translation>
    </message>
</context>
<context>
    <name>LoadModelDialog</name>
    <message>
        <source>Load a model</source>
        <translation>载入模型</translation>
    </message>
    <message>
        <source>Models of this machine</source>
        <translation>本机上的模型</translation>
    </message>
    <message>
        <source>The starter, which came with the program</source>
        <translation>随程序附带的入门模型</translation>
    </message>
    <message>
        <source>{0}, trained in this project</source>
        <translation>{0}（在本项目中训练）</translation>
    </message>
    <message>
        <source>Models that “seamseg-models import” takes in are listed here, too.</source>
        <translation>用“seamseg-models import”导入的模型也列在这里。</translation>
    </message>
    <message>
        <source>From a folder…</source>
        <translation>从文件夹…</translation>
    </message>
    <message>
        <source>From a .zip file…</source>
        <translation>从 .zip 文件…</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>载入</translation>
    </message>
    <message>
        <source>{0} (in use)</source>
        <translation>{0}（使用中）</translation>
    </message>
    <message>
        <source>Choose a model (a folder)</source>
        <translation>选择模型（文件夹）</translation>
    </message>
    <message>
        <source>Choose a model (a .zip file)</source>
        <translation>选择模型（.zip 文件）</translation>
    </message>
    <message>
        <source>Models (*.zip)</source>
        <translation>模型 (*.zip)</translation>
    </message>
</context>
<context>
    <name>LogPanel</name>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Nothing has happened yet.</source>
        <translation>尚无任何事件。</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>清除</translation>
    </message>
    <message>
        <source>warning: </source>
        <translation>警告：</translation>
    </message>
    <message>
        <source>error: </source>
        <translation>错误：</translation>
    </message>
</context>
<context>
    <name>LookPage</name>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>高对比度</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>Size of text</source>
        <translation>文字大小</translation>
    </message>
    <message>
        <source>Colours of categories</source>
        <translation>类别颜色</translation>
    </message>
    <message>
        <source>The project&apos;s own</source>
        <translation>项目自带</translation>
    </message>
    <message>
        <source>For colour-blind eyes: Okabe and Ito</source>
        <translation>色盲友好：Okabe 与 Ito</translation>
    </message>
    <message>
        <source>For colour-blind eyes: Tol, muted</source>
        <translation>色盲友好：Tol 柔和</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Another language is spoken from the next start.</source>
        <translation>语言更改在下次启动后生效。</translation>
    </message>
</context>
<context>
    <name>LossCurve</name>
    <message>
        <source>Loss curve</source>
        <translation>损失曲线</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Loss {0} after {1} steps</source>
        <translation>{1} 步后损失 {0}</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Seamseg Studio</source>
        <translation>Seamseg Studio</translation>
    </message>
    <message>
        <source>Accept</source>
        <translation>接受</translation>
    </message>
    <message>
        <source>&amp;Panels</source>
        <translation>面板</translation>
    </message>
    <message>
        <source>Open &amp;recent</source>
        <translation>最近打开</translation>
    </message>
    <message>
        <source>nothing opened yet</source>
        <translation>尚未打开任何内容</translation>
    </message>
    <message>
        <source>saves by itself</source>
        <translation>自动保存</translation>
    </message>
</context>
<context>
    <name>NavigatorPanel</name>
    <message>
        <source>Navigator</source>
        <translation>导航器</translation>
    </message>
</context>
<context>
    <name>Neighbours</name>
    <message>
        <source>Around it the model would now say: {0} · Enter takes it, Esc not</source>
        <translation>模型现在认为周围是：{0} · Enter 采用，Esc 放弃</translation>
    </message>
</context>
<context>
    <name>OptionBar</name>
    <message>
        <source>Tool options</source>
        <translation>工具选项</translation>
    </message>
    <message>
        <source>hold Space to pan · wheel to zoom · hold H to peek</source>
        <translation>按住空格平移 · 滚轮缩放 · 按住 H 查看原图</translation>
    </message>
    <message>
        <source>Further options</source>
        <translation>更多选项</translation>
    </message>
</context>
<context>
    <name>Page</name>
    <message>
        <source>Page of the guide</source>
        <translation>手册页面</translation>
    </message>
    <message>
        <source>This page is missing; install the program again.</source>
        <translation>此页缺失；请重新安装程序。</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Preferences</source>
        <translation>首选项</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>页面</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>New projects</source>
        <translation>新项目</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>撤回</translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>全部重置</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>导入…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Imported from {0}.</source>
        <translation>已从 {0} 导入。</translation>
    </message>
    <message>
        <source>Written to {0}.</source>
        <translation>已写入 {0}。</translation>
    </message>
    <message>
        <source>Everything is as it was at first.</source>
        <translation>已恢复初始设置。</translation>
    </message>
    <message>
        <source>Preferences ({0})</source>
        <translation>首选项 ({0})</translation>
    </message>
    <message>
        <source>Import preferences</source>
        <translation>导入首选项</translation>
    </message>
    <message>
        <source>Export preferences</source>
        <translation>导出首选项</translation>
    </message>
</context>
<context>
    <name>ProjectPage</name>
    <message>
        <source>Categories of new projects</source>
        <translation>新项目的类别</translation>
    </message>
    <message>
        <source>those of the model</source>
        <translation>模型的类别</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>选择…</translation>
    </message>
    <message>
        <source>Export format</source>
        <translation>导出格式</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Taxonomies ({0})</source>
        <translation>分类体系 ({0})</translation>
    </message>
    <message>
        <source>The categories of the model in use, so that it can label at once.</source>
        <translation>使用当前模型的类别，以便立即标注。</translation>
    </message>
    <message>
        <source>{0}: {1} stuff, {2} things.</source>
        <translation>{0}：{1} 个背景，{2} 个物体。</translation>
    </message>
    <message>
        <source>Not used: {0}</source>
        <translation>未使用：{0}</translation>
    </message>
</context>
<context>
    <name>PropertiesPanel</name>
    <message>
        <source>Properties</source>
        <translation>属性</translation>
    </message>
    <message>
        <source>the model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>you</source>
        <translation>您</translation>
    </message>
    <message>
        <source>a file</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Maker</source>
        <translation>制造商</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>相机</translation>
    </message>
    <message>
        <source>Taken</source>
        <translation>拍摄时间</translation>
    </message>
    <message>
        <source>Exposure, s</source>
        <translation>曝光（秒）</translation>
    </message>
    <message>
        <source>Aperture</source>
        <translation>光圈</translation>
    </message>
    <message>
        <source>ISO</source>
        <translation>ISO</translation>
    </message>
    <message>
        <source>Focal length, mm</source>
        <translation>焦距（毫米）</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>Selection</source>
        <translation>所选内容</translation>
    </message>
    <message>
        <source>No image is open.</source>
        <translation>没有打开的图像。</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>Segments</source>
        <translation>分割块</translation>
    </message>
    <message>
        <source>Changes by people</source>
        <translation>人工更改</translation>
    </message>
    <message>
        <source>Time worked</source>
        <translation>工作时间</translation>
    </message>
    <message>
        <source>The model is sure</source>
        <translation>模型置信度</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>Area</source>
        <translation>面积</translation>
    </message>
    <message>
        <source>{0} pixels ({1})</source>
        <translation>{0} 像素 ({1})</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>thing</source>
        <translation>物体</translation>
    </message>
    <message>
        <source>stuff</source>
        <translation>背景</translation>
    </message>
    <message>
        <source>Category</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Place</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>Said by</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>得分</translation>
    </message>
    <message>
        <source>crowd</source>
        <translation>群体</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>已锁定</translation>
    </message>
    <message>
        <source>Marks</source>
        <translation>标志</translation>
    </message>
</context>
<context>
    <name>QualityCurve</name>
    <message>
        <source>Quality curve</source>
        <translation>质量曲线</translation>
    </message>
    <message>
        <source>PQ on what was held back</source>
        <translation>保留数据上的 PQ</translation>
    </message>
    <message>
        <source>PQ {0} after {1} steps</source>
        <translation>{1} 步后 PQ {0}</translation>
    </message>
</context>
<context>
    <name>QueueModel</name>
    <message>
        <source>{0}: the two models differ on {1}</source>
        <translation>{0}：两个模型有 {1} 不一致</translation>
    </message>
    <message>
        <source>{0}: the model is {1} unsure</source>
        <translation>{0}：模型的不确定度为 {1}</translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message>
        <source>Queue</source>
        <translation>队列</translation>
    </message>
    <message>
        <source>places</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>segments</source>
        <translation>分割块</translation>
    </message>
    <message>
        <source>borders</source>
        <translation>边界</translation>
    </message>
    <message>
        <source>images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>What is listed</source>
        <translation>列出的内容</translation>
    </message>
    <message>
        <source>unlabelled</source>
        <translation>未标注</translation>
    </message>
    <message>
        <source>Nothing is left here that the model is unsure of.</source>
        <translation>这里已没有模型不确定的内容。</translation>
    </message>
    <message>
        <source>Every image that two models have labelled is accepted.</source>
        <translation>两个模型都标注过的图像均已接受。</translation>
    </message>
    <message>
        <source>Label images with a second model to see where the two differ.</source>
        <translation>用第二个模型标注图像，查看两者在哪里不一致。</translation>
    </message>
    <message>
        <source>Every image that the model has labelled is accepted.</source>
        <translation>模型标注过的图像都已接受。</translation>
    </message>
    <message>
        <source>Let the model label images to see of which it is unsure.</source>
        <translation>让模型标注图像，查看它对哪些不确定。</translation>
    </message>
    <message>
        <source>Open an image to see where the model is unsure of it.</source>
        <translation>打开一幅图像，查看模型在哪里不确定。</translation>
    </message>
    <message>
        <source>Let the model label this image to see where it is unsure.</source>
        <translation>让模型标注此图像，查看它在哪里不确定。</translation>
    </message>
</context>
<context>
    <name>Remedies</name>
    <message>
        <source>choose another device in Preferences &gt; Engine &gt; Device</source>
        <translation>请在“首选项 &gt; 引擎 &gt; 设备”中选择其他设备</translation>
    </message>
    <message>
        <source>choose another in Preferences &gt; Engine &gt; Precision</source>
        <translation>请在“首选项 &gt; 引擎 &gt; 精度”中另选</translation>
    </message>
</context>
<context>
    <name>Repairs</name>
    <message>
        <source>Recover what can be read</source>
        <translation>恢复可读取的内容</translation>
    </message>
    <message>
        <source>The project is damaged</source>
        <translation>项目已损坏</translation>
    </message>
    <message>
        <source>Open what can be read</source>
        <translation>打开可读取的内容</translation>
    </message>
    <message>
        <source>The labels are damaged</source>
        <translation>标注已损坏</translation>
    </message>
    <message>
        <source>Images: {0}. Changes that can be undone: {1}.</source>
        <translation>图像：{0}。可撤销的修改：{1}。</translation>
    </message>
    <message>
        <source>{0}: the labels are back, their history is not</source>
        <translation>{0}：标注已恢复，但其历史记录未恢复</translation>
    </message>
    <message>
        <source>{0}: lost: {1}</source>
        <translation>{0}：丢失：{1}</translation>
    </message>
    <message>
        <source>… and {0} more</source>
        <translation>…… 以及另外 {0} 个</translation>
    </message>
    <message>
        <source>Every image that was found opens with its history.</source>
        <translation>找到的每张图像都可连同其历史记录一起打开。</translation>
    </message>
    <message>
        <source>The categories could not be read; those of the bundled model took their place.</source>
        <translation>无法读取类别；已改用随附模型的类别。</translation>
    </message>
    <message>
        <source>What was damaged is kept in {0}.</source>
        <translation>损坏的内容保存在 {0} 中。</translation>
    </message>
    <message>
        <source>{0} was recovered</source>
        <translation>已恢复 {0}</translation>
    </message>
    <message>
        <source>Changes of open images cannot be saved in it. Quit the studio, then open it again.</source>
        <translation>已打开图像的修改无法保存到其中。请退出程序，然后重新打开它。</translation>
    </message>
    <message>
        <source>Could not open the image</source>
        <translation>无法打开图像</translation>
    </message>
    <message>
        <source>{0} was opened as far as it can be read</source>
        <translation>已打开 {0} 中可读取的部分</translation>
    </message>
    <message>
        <source>Lost ({0}): {1}. A copy of the project as it was is in its folder &apos;backups&apos;.</source>
        <translation>丢失（{0}）：{1}。原有数据的副本保存在项目的“backups”文件夹中。</translation>
    </message>
    <message>
        <source>No change was lost.</source>
        <translation>没有丢失任何修改。</translation>
    </message>
</context>
<context>
    <name>Review</name>
    <message>
        <source>Every other image that the model has labelled is accepted.</source>
        <translation>模型标注的其他图像均已接受。</translation>
    </message>
    <message>
        <source>No image is left to review</source>
        <translation>没有待审核的图像</translation>
    </message>
</context>
<context>
    <name>SegmentModel</name>
    <message>
        <source>model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>you</source>
        <translation>您</translation>
    </message>
    <message>
        <source>file</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>by the model</source>
        <translation>来自模型</translation>
    </message>
    <message>
        <source>by you</source>
        <translation>来自您</translation>
    </message>
    <message>
        <source>from a file</source>
        <translation>来自文件</translation>
    </message>
    <message>
        <source>crowds</source>
        <translation>群体</translation>
    </message>
    <message>
        <source>single and free to change</source>
        <translation>单个且可更改</translation>
    </message>
    <message>
        <source>score {0}</source>
        <translation>得分 {0}</translation>
    </message>
    <message>
        <source>crowd</source>
        <translation>群体</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>已锁定</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>已隐藏</translation>
    </message>
</context>
<context>
    <name>SegmentsPanel</name>
    <message>
        <source>Segments</source>
        <translation>分割块</translation>
    </message>
    <message>
        <source>The segments of the open image will be listed here.</source>
        <translation>此处将列出所打开图像的分割块。</translation>
    </message>
    <message>
        <source>Order of the segments</source>
        <translation>分割块顺序</translation>
    </message>
    <message>
        <source>largest first</source>
        <translation>最大的优先</translation>
    </message>
    <message>
        <source>by category</source>
        <translation>按类别</translation>
    </message>
    <message>
        <source>least certain first</source>
        <translation>最不确定的优先</translation>
    </message>
    <message>
        <source>no headings</source>
        <translation>无分组</translation>
    </message>
    <message>
        <source>under categories</source>
        <translation>按类别分组</translation>
    </message>
    <message>
        <source>under who said so</source>
        <translation>按来源分组</translation>
    </message>
    <message>
        <source>under locked, crowds, others</source>
        <translation>按锁定、群体、其他</translation>
    </message>
</context>
<context>
    <name>Sentences</name>
    <message>
        <source>open this image in the studio and choose &apos;Open what can be read&apos;</source>
        <translation>请打开此图像并选择“打开可读取的内容”</translation>
    </message>
    <message>
        <source>Nothing changed there: it is so already, is locked, or lies outside what may be painted over and the work area.</source>
        <translation>此处没有变化：已是如此、已锁定，或位于可覆盖范围和工作区域之外。</translation>
    </message>
    <message>
        <source>This project is open in another window, so nothing can be changed here; close the other window first.</source>
        <translation>此项目已在另一窗口打开，这里不能更改；请先关闭另一窗口。</translation>
    </message>
    <message>
        <source>all {0} images belong to one {1}, so none can be kept for validation without leaking; group them in another way, or keep none</source>
        <translation>全部 {0} 幅图像同属一组（{1}），无法留出验证部分；请换一种分组，或不留</translation>
    </message>
    <message>
        <source>category {0} is no thing; choose a countable one</source>
        <translation>类别 {0} 不是物体；请选择可数的类别</translation>
    </message>
    <message>
        <source>category {0} is protected; lift its protection first</source>
        <translation>类别 {0} 已锁定；请先解锁</translation>
    </message>
    <message>
        <source>category {0} of the copy is not in the taxonomy of this project</source>
        <translation>副本的类别 {0} 不在此项目中</translation>
    </message>
    <message>
        <source>device {0} is not available: {1}; {2}</source>
        <translation>设备 {0} 不可用：{1}；{2}</translation>
    </message>
    <message>
        <source>device {0} is not supported: {1}</source>
        <translation>不支持设备 {0}：{1}</translation>
    </message>
    <message>
        <source>draw a line right across the segment to split it</source>
        <translation>请画一条横穿分割块的线来分割它</translation>
    </message>
    <message>
        <source>labels of {0} do not fit an image of {1}</source>
        <translation>{0} 的标注与 {1} 的图像不符</translation>
    </message>
    <message>
        <source>merging needs at least two segments; select more</source>
        <translation>合并至少需要两个分割块；请再选一些</translation>
    </message>
    <message>
        <source>not enough memory for {0} x {1} pixels; close other programs or crop the image</source>
        <translation>内存不足以处理 {0} x {1} 像素；请关闭其他程序或裁剪图像</translation>
    </message>
    <message>
        <source>not enough memory to answer; close other programs</source>
        <translation>内存不足；请关闭其他程序</translation>
    </message>
    <message>
        <source>precision fp16 needs a GPU: {0}</source>
        <translation>精度 fp16 需要 GPU：{0}</translation>
    </message>
    <message>
        <source>scribble on at least two parts of the segment to split it</source>
        <translation>请在分割块的至少两个部分上涂画</translation>
    </message>
    <message>
        <source>segment {0} is locked; unlock it first</source>
        <translation>分割块 {0} 已锁定；请先解锁</translation>
    </message>
    <message>
        <source>segment {0} lies outside the region that may change; lift the region first</source>
        <translation>分割块 {0} 在工作区之外；请先取消工作区</translation>
    </message>
    <message>
        <source>segment {0} may not change while only {1} may; make everything editable first</source>
        <translation>目前只能更改 {1}，分割块 {0} 不能更改；请先设为“全部”</translation>
    </message>
    <message>
        <source>select the segment that the region belongs to first</source>
        <translation>请先选择该区域所属的分割块</translation>
    </message>
    <message>
        <source>the change of the categories was cancelled; nothing has changed</source>
        <translation>类别的更改已取消；没有任何变化</translation>
    </message>
    <message>
        <source>the engine and the program do not understand each other: {0}</source>
        <translation>引擎与程序无法通信：{0}</translation>
    </message>
    <message>
        <source>the engine cannot load {0}: {1}</source>
        <translation>引擎无法加载 {0}：{1}</translation>
    </message>
    <message>
        <source>the engine could not be started ({0}); close other programs</source>
        <translation>无法启动引擎（{0}）；请关闭其他程序</translation>
    </message>
    <message>
        <source>the engine ended while it was starting</source>
        <translation>引擎在启动时退出</translation>
    </message>
    <message>
        <source>the engine is of another version than this program; install Seamseg Studio again</source>
        <translation>引擎与程序版本不同；请重新安装 Seamseg Studio</translation>
    </message>
    <message>
        <source>the engine sent pixels without their memory; restart the program</source>
        <translation>引擎发来的像素缺少内存；请重新启动程序</translation>
    </message>
    <message>
        <source>the line does not cut the segment in two; draw it right across</source>
        <translation>这条线没有切开分割块；请画到另一侧</translation>
    </message>
    <message>
        <source>the model {0} could not be loaded: {1}</source>
        <translation>无法加载模型 {0}：{1}</translation>
    </message>
    <message>
        <source>the polygon covers no pixel of the image; draw at least three corners on it</source>
        <translation>多边形不含图像像素；请在图像上至少画三个角</translation>
    </message>
    <message>
        <source>the region covers no pixel of the image; draw it on the image</source>
        <translation>该区域不含图像像素；请画在图像上</translation>
    </message>
    <message>
        <source>the scores show a single part in this segment; split it by a line instead</source>
        <translation>得分显示该分割块只有一个部分；请改用线条分割</translation>
    </message>
    <message>
        <source>the segment of {0} is locked; unlock it before others join it</source>
        <translation>{0} 的分割块已锁定；合入其他分割块前请先解锁</translation>
    </message>
    <message>
        <source>there is no segment {0} any more</source>
        <translation>分割块 {0} 已不存在</translation>
    </message>
    <message>
        <source>there is nothing to paste inside this image; copy a segment that lies within its size</source>
        <translation>此图像内没有可粘贴的内容；请复制位于其尺寸内的分割块</translation>
    </message>
    <message>
        <source>this image has {0} segments already and takes no more; delete or merge some first</source>
        <translation>此图像已有 {0} 个分割块，不能再加；请先删除或合并一些</translation>
    </message>
    <message>
        <source>{0} is stuff and stays one segment; convert it to instances to split it</source>
        <translation>{0} 是背景，只能是一个分割块；要分割请先转换为实例</translation>
    </message>
    <message>
        <source>{0}: a text in it cannot be used ({1}); get the model again</source>
        <translation>{0}：其中的文本无法使用（{1}）；请重新获取模型</translation>
    </message>
    <message>
        <source>{0}: another studio has changed its categories; open the project anew</source>
        <translation>{0}：另一个程序更改了其类别；请重新打开项目</translation>
    </message>
    <message>
        <source>{0}: another studio makes a project here, or it cannot be written; choose another</source>
        <translation>{0}：另一个程序正在这里创建项目，或不可写；请另选</translation>
    </message>
    <message>
        <source>{0}: cannot be read ({1}); check the disk</source>
        <translation>{0}：无法读取（{1}）；请检查磁盘</translation>
    </message>
    <message>
        <source>{0}: could not be saved ({1}); make space or allow writing there, then save again</source>
        <translation>{0}：无法保存（{1}）；请腾出空间或允许写入，然后重试</translation>
    </message>
    <message>
        <source>{0}: damaged or cut off ({1}); get the file again from its source</source>
        <translation>{0}：已损坏或不完整（{1}）；请从来源重新获取文件</translation>
    </message>
    <message>
        <source>{0}: has format version {1}, this program reads {2}; update the program</source>
        <translation>{0}：格式版本为 {1}，本程序支持 {2}；请更新程序</translation>
    </message>
    <message>
        <source>{0}: has no corrected or accepted images; correct or accept one first</source>
        <translation>{0}：没有修正过或已接受的图像；请先修正或接受一幅</translation>
    </message>
    <message>
        <source>{0}: is a folder, not an image; name a file in it</source>
        <translation>{0}：是文件夹而非图像；请指定其中的文件</translation>
    </message>
    <message>
        <source>{0}: a change was not saved because it was made for other labels ({1}); open the image anew</source>
        <translation>{0}：有一处更改未保存，因为它是针对另一份标注做出的（{1}）；请重新打开图像</translation>
    </message>
    <message>
        <source>{0}: is damaged ({1}); {2}</source>
        <translation>{0}：已损坏（{1}）；{2}</translation>
    </message>
    <message>
        <source>{0}: is no model bundle, as it has no {1}; import it or name another</source>
        <translation>{0}：不是模型包，缺少 {1}；请导入或另选</translation>
    </message>
    <message>
        <source>{0}: is not empty; choose another place for the new project</source>
        <translation>{0}：不是空的；请为新项目另选位置</translation>
    </message>
    <message>
        <source>{0}: is of an older format; open it once where it can be written</source>
        <translation>{0}：格式较旧；请在可写的位置打开一次</translation>
    </message>
    <message>
        <source>{0}: is open in a studio or cannot be written; close it there, or allow writing in it</source>
        <translation>{0}：正被程序打开或不可写；请在那里关闭，或允许写入</translation>
    </message>
    <message>
        <source>{0}: is {1} x {2} pixels now, the picture that was labelled was {3} x {4}; put the former file back</source>
        <translation>{0}：现在是 {1} x {2} 像素，标注时是 {3} x {4}；请放回原来的文件</translation>
    </message>
    <message>
        <source>{0}: its categories changed while the model was at work; label the image again</source>
        <translation>{0}：模型工作期间类别已更改；请重新标注该图像</translation>
    </message>
    <message>
        <source>{0}: its {1} is damaged; get the model again from its source</source>
        <translation>{0}：其 {1} 已损坏；请从来源重新获取模型</translation>
    </message>
    <message>
        <source>{0}: labels of {1} images may show {2}, new since the change; relabel those segments first</source>
        <translation>{0}：{1} 幅图像的标注可能含有更改后新增的 {2}；请先更改这些分割块</translation>
    </message>
    <message>
        <source>{0}: labels of {1} x {2} pixels do not fit an image of {3} x {4}; if its file was replaced, put the former one back</source>
        <translation>{0}：{1} x {2} 像素的标注与 {3} x {4} 的图像不符；如果文件被替换，请放回原来的</translation>
    </message>
    <message>
        <source>{0}: may not be read; change its permissions</source>
        <translation>{0}：无读取权限；请更改权限</translation>
    </message>
    <message>
        <source>{0}: neither the database, nor a backup, nor a label file could be read, so it was left as it is; put a copy of it back, or rename it and open the photos again to begin anew</source>
        <translation>{0}：数据库、备份和标注文件都无法读取，因此保持原样；请放回一份副本，或将其改名后重新打开照片</translation>
    </message>
    <message>
        <source>{0}: no images found; looked for {1}</source>
        <translation>{0}：未找到图像；查找的类型为 {1}</translation>
    </message>
    <message>
        <source>{0}: no such file, nor a model of that name; there are: {1}</source>
        <translation>{0}：没有此文件或此名称的模型；现有：{1}</translation>
    </message>
    <message>
        <source>{0}: no such file; check the name</source>
        <translation>{0}：没有此文件；请检查名称</translation>
    </message>
    <message>
        <source>{0}: not a JPEG, PNG, BMP, TIFF or WebP image; convert it or leave it out</source>
        <translation>{0}：不是 JPEG、PNG、BMP、TIFF 或 WebP 图像；请转换或略去</translation>
    </message>
    <message>
        <source>{0}: the bundled model is missing; reinstall the program or name a model</source>
        <translation>{0}：缺少自带模型；请重新安装程序或指定模型</translation>
    </message>
    <message>
        <source>{0}: the file is empty; get it again from its source</source>
        <translation>{0}：文件为空；请从来源重新获取</translation>
    </message>
    <message>
        <source>{0}: the hash of {1} is wrong; get the model again from its source</source>
        <translation>{0}：{1} 的校验和不符；请从来源重新获取模型</translation>
    </message>
    <message>
        <source>{0}: there is no change of the categories to take back</source>
        <translation>{0}：没有可撤回的类别更改</translation>
    </message>
    <message>
        <source>{0}: there is no project here; choose a folder that holds {1}</source>
        <translation>{0}：这里没有项目；请选择含有 {1} 的文件夹</translation>
    </message>
    <message>
        <source>{0}: this project is open read-only; close the other studio that has it, or allow writing in it</source>
        <translation>{0}：此项目以只读方式打开；请关闭另一个程序，或允许写入</translation>
    </message>
    <message>
        <source>{0}: this step shows {1}, which is no category of the project any more; take the change of the categories back to go on</source>
        <translation>{0}：这一步含有 {1}，它已不是项目的类别；请撤回类别的更改</translation>
    </message>
    <message>
        <source>{0}: too large for the memory of this machine; use a smaller image</source>
        <translation>{0}：超出本机内存；请使用较小的图像</translation>
    </message>
    <message>
        <source>{0}: was made by a newer version of this program (format {1}, this one knows {2}); update the program to open it</source>
        <translation>{0}：由较新版本的程序创建（格式 {1}，当前支持 {2}）；请更新程序</translation>
    </message>
    <message>
        <source>{0}: was written by a newer version of this program; update the program</source>
        <translation>{0}：由较新版本的程序写入；请更新程序</translation>
    </message>
    <message>
        <source>{0}: {1} has changed since it was checked; load the model again</source>
        <translation>{0}：{1} 在检查后已更改；请重新加载模型</translation>
    </message>
    <message>
        <source>{0}: {1} is damaged ({2}); get the model again from its source</source>
        <translation>{0}：{1} 已损坏（{2}）；请从来源重新获取模型</translation>
    </message>
    <message>
        <source>{0}: {1} x {2} pixels are more than the limit of {3}; if the file can be trusted, raise max_pixels</source>
        <translation>{0}：{1} x {2} 像素超过上限 {3}</translation>
    </message>
</context>
<context>
    <name>Session</name>
    <message>
        <source>Not found</source>
        <translation>未找到</translation>
    </message>
    <message>
        <source>{0}: no such file or folder.</source>
        <translation>{0}：没有此文件或文件夹。</translation>
    </message>
    <message>
        <source>Opening {0}</source>
        <translation>正在打开 {0}</translation>
    </message>
    <message>
        <source>Opening images</source>
        <translation>正在打开图像</translation>
    </message>
    <message>
        <source>Recovering {0}</source>
        <translation>正在恢复 {0}</translation>
    </message>
    <message>
        <source>All images are accepted</source>
        <translation>所有图像均已接受</translation>
    </message>
    <message>
        <source>Export them, or train the model on them.</source>
        <translation>请导出，或用它们训练模型。</translation>
    </message>
    <message>
        <source>Could not open</source>
        <translation>无法打开</translation>
    </message>
    <message>
        <source>The categories of your preferences were not used</source>
        <translation>未使用首选项中的类别</translation>
    </message>
    <message>
        <source>{0} keeps the labels. The photos stay where they are and are never changed.</source>
        <translation>{0} 保存标注。照片保留在原处，绝不会被更改。</translation>
    </message>
    <message>
        <source>A new project was made</source>
        <translation>已创建新项目</translation>
    </message>
    <message>
        <source>Another studio has this project open. You can look, but changes are not possible here.</source>
        <translation>另一个程序已打开此项目。您可以查看，但不能在此更改。</translation>
    </message>
    <message>
        <source>Opened for reading only</source>
        <translation>以只读方式打开</translation>
    </message>
    <message>
        <source>Nothing was added</source>
        <translation>未添加任何内容</translation>
    </message>
    <message>
        <source>Images that could not be added: {0}</source>
        <translation>无法添加的图像：{0}</translation>
    </message>
    <message>
        <source>Could not open the image</source>
        <translation>无法打开图像</translation>
    </message>
    <message>
        <source>The status was not saved</source>
        <translation>状态未保存</translation>
    </message>
</context>
<context>
    <name>StartPage</name>
    <message>
        <source>Start</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>Label every pixel</source>
        <translation>标注每个像素</translation>
    </message>
    <message>
        <source>Drop a folder of images here. The model labels them, you correct it, it learns from you.</source>
        <translation>将图像文件夹拖到此处。模型进行标注，您来修正，它向您学习。</translation>
    </message>
    <message>
        <source>Open a folder…</source>
        <translation>打开文件夹…</translation>
    </message>
    <message>
        <source>Open images…</source>
        <translation>打开图像…</translation>
    </message>
    <message>
        <source>Try the sample photos</source>
        <translation>试用示例照片</translation>
    </message>
    <message>
        <source>Recent projects</source>
        <translation>最近的项目</translation>
    </message>
    <message>
        <source>Open {0}</source>
        <translation>打开 {0}</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>Status</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Under the pointer</source>
        <translation>指针下</translation>
    </message>
    <message>
        <source>Saving</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>Hint</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>Time on this image</source>
        <translation>此图像用时</translation>
    </message>
    <message>
        <source>unlabelled</source>
        <translation>未标注</translation>
    </message>
    <message>
        <source>2nd choice {0}</source>
        <translation>次选 {0}</translation>
    </message>
    <message>
        <source>about {0} left</source>
        <translation>约剩 {0}</translation>
    </message>
    <message>
        <source>Time you have worked on this image, and what is left at your median pace</source>
        <translation>您在此图像上的工作时间，以及按中位速度估计的剩余时间</translation>
    </message>
</context>
<context>
    <name>Studio</name>
    <message>
        <source>It can go on by itself; when you open the project again, it is shown as if you had stayed.</source>
        <translation>训练可以自行继续；再次打开项目时会像您一直在一样显示。</translation>
    </message>
    <message>
        <source>Let it go on and quit</source>
        <translation>让其继续并退出</translation>
    </message>
    <message>
        <source>Stop it and quit</source>
        <translation>停止并退出</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>留下</translation>
    </message>
    <message>
        <source>A training is running</source>
        <translation>正在训练</translation>
    </message>
    <message>
        <source>Waiting for the disk</source>
        <translation>等待磁盘</translation>
    </message>
    <message>
        <source>The studio closes as soon as every change is saved.</source>
        <translation>所有更改保存后程序将关闭。</translation>
    </message>
    <message>
        <source>Changes that are not on disk: {0}</source>
        <translation>尚未写入磁盘的更改：{0}</translation>
    </message>
    <message>
        <source>The disk refuses them; saving is tried again every few seconds. Make room on it, for example.</source>
        <translation>磁盘拒绝写入；每隔几秒会重试保存。例如请释放空间。</translation>
    </message>
    <message>
        <source>Quit once they are saved</source>
        <translation>保存后退出</translation>
    </message>
    <message>
        <source>Quit and lose them</source>
        <translation>退出并丢弃</translation>
    </message>
    <message>
        <source>{0}. Open a folder of your own instead.</source>
        <translation>{0}。请改为打开您自己的文件夹。</translation>
    </message>
    <message>
        <source>The sample photos could not be copied</source>
        <translation>无法复制示例照片</translation>
    </message>
    <message>
        <source>Copying the sample photos</source>
        <translation>正在复制示例照片</translation>
    </message>
    <message>
        <source>Exporting</source>
        <translation>正在导出</translation>
    </message>
    <message>
        <source>Nothing was exported</source>
        <translation>未导出任何内容</translation>
    </message>
    <message>
        <source>Images written: {0}</source>
        <translation>已写入图像：{0}</translation>
    </message>
    <message>
        <source>What the format could not carry:</source>
        <translation>该格式无法保留的内容：</translation>
    </message>
    <message>
        <source>Export finished</source>
        <translation>导出完成</translation>
    </message>
    <message>
        <source>Labelling with {0}</source>
        <translation>使用 {0} 标注</translation>
    </message>
    <message>
        <source>The model was not loaded</source>
        <translation>模型未加载</translation>
    </message>
</context>
<context>
    <name>SwipeView</name>
    <message>
        <source>Base left, new model right; the arrow keys move the line</source>
        <translation>左侧为基础模型，右侧为新模型；方向键移动分界线</translation>
    </message>
    <message>
        <source>base</source>
        <translation>基础模型</translation>
    </message>
    <message>
        <source>new</source>
        <translation>新</translation>
    </message>
</context>
<context>
    <name>TonesButton</name>
    <message>
        <source>Contrast and gamma of the image</source>
        <translation>图像的对比度和伽马</translation>
    </message>
    <message>
        <source>Contrast and gamma</source>
        <translation>对比度和伽马</translation>
    </message>
    <message>
        <source>Contrast</source>
        <translation>对比度</translation>
    </message>
    <message>
        <source>How far light and dark lie apart</source>
        <translation>明暗之间的差距</translation>
    </message>
    <message>
        <source>Lightens the shadows, or darkens them</source>
        <translation>提亮或加深阴影</translation>
    </message>
    <message>
        <source>Gamma</source>
        <translation>伽马</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>保持不变</translation>
    </message>
</context>
<context>
    <name>ToolBox</name>
    <message>
        <source>Tools</source>
        <translation>工具</translation>
    </message>
</context>
<context>
    <name>Tools</name>
    <message>
        <source>A pen&apos;s pressure sets the width</source>
        <translation>笔压决定宽度</translation>
    </message>
    <message>
        <source>Model&apos;s 2nd choice</source>
        <translation>模型的次选</translation>
    </message>
    <message>
        <source>A line</source>
        <translation>直线</translation>
    </message>
    <message>
        <source>A polygon needs three corners at least</source>
        <translation>多边形至少需要三个顶点</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>添加</translation>
    </message>
    <message>
        <source>Amount</source>
        <translation>程度</translation>
    </message>
    <message>
        <source>Ask the model</source>
        <translation>询问模型</translation>
    </message>
    <message>
        <source>Border</source>
        <translation>边界</translation>
    </message>
    <message>
        <source>Brush</source>
        <translation>画笔</translation>
    </message>
    <message>
        <source>Category</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Click a part to give it to the current category · with Holes, click a segment to give it what it encloses</source>
        <translation>点击部分以归入当前类别 · 选“孔洞”时，点击分割块以并入其包围的内容</translation>
    </message>
    <message>
        <source>Click a segment to paint with its category</source>
        <translation>点击分割块以使用其类别绘制</translation>
    </message>
    <message>
        <source>Click a segment, again for the next one there · drag around several · Shift or Ctrl adds or takes away</source>
        <translation>点击分割块，再次点击选择下一个 · 拖动框选多个 · Shift 或 Ctrl 增减</translation>
    </message>
    <message>
        <source>Click a segment: void has no holes to fill</source>
        <translation>请点击分割块：空白处没有孔洞</translation>
    </message>
    <message>
        <source>Click along an edge; the line follows it · Enter, a double click or the first point commits · Backspace goes back · Esc cancels</source>
        <translation>沿边缘点击，线条会跟随 · Enter、双击或回到首点确认 · Backspace 后退 · Esc 取消</translation>
    </message>
    <message>
        <source>Click corners, drag to move them · Enter or double click commits · Backspace removes the last, Alt + click any · Shift adds, Ctrl subtracts</source>
        <translation>点击放置顶点，拖动移动 · Enter 或双击确认 · Backspace 删除最后一个，Alt + 点击删除任意一个 · Shift 添加，Ctrl 减去</translation>
    </message>
    <message>
        <source>Click three places at least</source>
        <translation>请至少点击三处</translation>
    </message>
    <message>
        <source>Copy from the image before</source>
        <translation>从上一张图像复制</translation>
    </message>
    <message>
        <source>Drag a box or click: the model proposes a segment · click again for the next one</source>
        <translation>拖出方框或单击：模型会建议一个分割块 · 再次单击换下一个</translation>
    </message>
    <message>
        <source>A line cuts where it is drawn; scribbles let the edges of the picture decide where the border runs; the model divides where it is unsure</source>
        <translation>线条在画处切开；涂画由图像边缘决定边界；模型在不确定处分割</translation>
    </message>
    <message>
        <source>Add to the selection</source>
        <translation>添加到选择</translation>
    </message>
    <message>
        <source>As drawn</source>
        <translation>所画区域</translation>
    </message>
    <message>
        <source>Drag a line right across a segment · with Scribbles, drag over each part, then Enter · with The model, click a segment · Backspace takes one back · Esc cancels</source>
        <translation>拖一条横穿分割块的线 · 涂画：拖过每个部分再按 Enter · 模型：点击分割块 · Backspace 撤回一笔 · Esc 取消</translation>
    </message>
    <message>
        <source>Drag a rectangle first</source>
        <translation>请先拖出一个矩形</translation>
    </message>
    <message>
        <source>Drag a rectangle: nothing outside can change · click to work on the whole image again · Esc cancels</source>
        <translation>拖出矩形：外部不会改变 · 点击以重新处理整张图像 · Esc 取消</translation>
    </message>
    <message>
        <source>Drag around a region · Shift adds to the selected segment, Ctrl subtracts · Esc cancels</source>
        <translation>拖动圈出区域 · Shift 添加到所选分割块，Ctrl 减去 · Esc 取消</translation>
    </message>
    <message>
        <source>Drag on a segment: right grows, left shrinks · a click uses the amount above, Ctrl inverts · Esc cancels</source>
        <translation>在分割块上拖动：向右扩展，向左收缩 · 点击使用上方的程度，Ctrl 反向 · Esc 取消</translation>
    </message>
    <message>
        <source>Drag over pieces to collect them · [ ] for their size · Shift adds, Ctrl subtracts · Esc cancels</source>
        <translation>拖过小块以收集 · [ ] 调整大小 · Shift 添加，Ctrl 减去 · Esc 取消</translation>
    </message>
    <message>
        <source>Drag to erase · Ctrl paints · Alt + drag or [ ] for the size · Esc cancels the stroke</source>
        <translation>拖动擦除 · Ctrl 绘制 · Alt + 拖动或 [ ] 调整大小 · Esc 取消此笔</translation>
    </message>
    <message>
        <source>Drag to paint · Ctrl erases · Alt + drag or [ ] for the size · Esc cancels the stroke</source>
        <translation>拖动绘制 · Ctrl 擦除 · Alt + 拖动或 [ ] 调整大小 · Esc 取消此笔</translation>
    </message>
    <message>
        <source>Enclosed specks of another colour belong to it too</source>
        <translation>包含其中的异色斑点也一并纳入</translation>
    </message>
    <message>
        <source>Erase from</source>
        <translation>擦除范围</translation>
    </message>
    <message>
        <source>Erase to</source>
        <translation>擦除为</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>橡皮擦</translation>
    </message>
    <message>
        <source>Every click adds a segment or takes it away, as with Shift held</source>
        <translation>每次点击都添加或移去一个分割块，如同按住 Shift</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>填补孔洞</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>Finding superpixels here …</source>
        <translation>正在查找此处的超像素…</translation>
    </message>
    <message>
        <source>Grow and smooth</source>
        <translation>扩展与平滑</translation>
    </message>
    <message>
        <source>Grow or shrink</source>
        <translation>扩展或收缩</translation>
    </message>
    <message>
        <source>Holes</source>
        <translation>孔洞</translation>
    </message>
    <message>
        <source>How far a colour may be from the one pressed on, in levels; a drag changes it</source>
        <translation>颜色与所按颜色的允许差异（级）；拖动可更改</translation>
    </message>
    <message>
        <source>How far from the place is looked, in rows and columns</source>
        <translation>查找范围（行和列）</translation>
    </message>
    <message>
        <source>Instances of which a larger share is covered by others are left out</source>
        <translation>被其他实例遮挡超过此比例的实例会被略去</translation>
    </message>
    <message>
        <source>Instances that score below it are left out</source>
        <translation>得分低于此值的实例会被略去</translation>
    </message>
    <message>
        <source>Label this image again to know where the model is unsure of it</source>
        <translation>请重新标注此图像，以了解模型在哪里不确定</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>套索</translation>
    </message>
    <message>
        <source>Least stuff</source>
        <translation>最小区域</translation>
    </message>
    <message>
        <source>Looking at the edges here …</source>
        <translation>正在分析此处的边缘…</translation>
    </message>
    <message>
        <source>Magic wand</source>
        <translation>魔棒</translation>
    </message>
    <message>
        <source>May change</source>
        <translation>可更改</translation>
    </message>
    <message>
        <source>Model thresholds</source>
        <translation>模型阈值</translation>
    </message>
    <message>
        <source>Move the sliders: what the model would say instead is shown; your own work stays</source>
        <translation>移动滑块：显示模型会给出的结果；您自己的工作保持不变</translation>
    </message>
    <message>
        <source>New</source>
        <translation>新建</translation>
    </message>
    <message>
        <source>Nothing changed there: it is so already, is locked, or lies outside what may be painted over and the work area.</source>
        <translation>此处没有变化：已是如此、已锁定，或位于可覆盖范围和工作区域之外。</translation>
    </message>
    <message>
        <source>Of a click: [ and ]</source>
        <translation>单击的程度：[ 和 ]</translation>
    </message>
    <message>
        <source>Of a thing, the brush then goes on with the instance clicked instead of beginning a new one</source>
        <translation>对于物体，画笔会继续所点击的实例，而不是新建</translation>
    </message>
    <message>
        <source>Overlap</source>
        <translation>重叠</translation>
    </message>
    <message>
        <source>Paint over</source>
        <translation>覆盖范围</translation>
    </message>
    <message>
        <source>Pen pressure</source>
        <translation>笔压</translation>
    </message>
    <message>
        <source>Pick category</source>
        <translation>拾取类别</translation>
    </message>
    <message>
        <source>Pieces</source>
        <translation>小块</translation>
    </message>
    <message>
        <source>Point at where a segment was in the image before; click to copy it to the same place here</source>
        <translation>指向上一张图像中分割块的位置；点击复制到相同位置</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>多边形</translation>
    </message>
    <message>
        <source>Press on a colour, drag right or left for more or less of it · Shift adds, Ctrl subtracts · Esc cancels</source>
        <translation>按住颜色，左右拖动以减少或增加 · Shift 添加，Ctrl 减去 · Esc 取消</translation>
    </message>
    <message>
        <source>Reach</source>
        <translation>范围</translation>
    </message>
    <message>
        <source>Reading the image before …</source>
        <translation>正在读取上一张图像…</translation>
    </message>
    <message>
        <source>Region</source>
        <translation>区域</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>得分</translation>
    </message>
    <message>
        <source>Scribble on two parts of the segment at least, then press Enter</source>
        <translation>请在分割块的至少两个部分上涂画，然后按 Enter</translation>
    </message>
    <message>
        <source>Scribbles</source>
        <translation>涂画</translation>
    </message>
    <message>
        <source>Select it too</source>
        <translation>同时选中</translation>
    </message>
    <message>
        <source>Select</source>
        <translation>选择</translation>
    </message>
    <message>
        <source>Selected</source>
        <translation>所选</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>Smaller areas of stuff stay unlabelled, in pixels of what the model sees</source>
        <translation>小于此面积的区域不标注，以模型所见的像素计</translation>
    </message>
    <message>
        <source>Smart scissors</source>
        <translation>智能剪刀</translation>
    </message>
    <message>
        <source>Smooth</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Split by</source>
        <translation>拆分方式</translation>
    </message>
    <message>
        <source>Split</source>
        <translation>拆分</translation>
    </message>
    <message>
        <source>Stuff around</source>
        <translation>周围背景</translation>
    </message>
    <message>
        <source>Stuff only</source>
        <translation>仅背景</translation>
    </message>
    <message>
        <source>Subtract</source>
        <translation>减去</translation>
    </message>
    <message>
        <source>Superpixel brush</source>
        <translation>超像素画笔</translation>
    </message>
    <message>
        <source>The model finds nothing there; try a box around it</source>
        <translation>模型在那里没有找到任何东西；试试用方框框住它</translation>
    </message>
    <message>
        <source>The model is fusing again · Esc cancels</source>
        <translation>模型正在重新融合 · Esc 取消</translation>
    </message>
    <message>
        <source>The model is looking · Esc cancels</source>
        <translation>模型正在查看 · Esc 取消</translation>
    </message>
    <message>
        <source>The model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>The part clicked</source>
        <translation>点击的部分</translation>
    </message>
    <message>
        <source>The whole image</source>
        <translation>整幅图像</translation>
    </message>
    <message>
        <source>Their size: [ and ]</source>
        <translation>大小：[ 和 ]</translation>
    </message>
    <message>
        <source>There is no labelled image before this one in the project</source>
        <translation>项目中此图像之前没有已标注的图像</translation>
    </message>
    <message>
        <source>There is no segment here</source>
        <translation>这里没有分割块</translation>
    </message>
    <message>
        <source>There is no segment under the line</source>
        <translation>线下没有分割块</translation>
    </message>
    <message>
        <source>Tolerance</source>
        <translation>容差</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>工具</translation>
    </message>
    <message>
        <source>Void only</source>
        <translation>仅空白</translation>
    </message>
    <message>
        <source>Void</source>
        <translation>空白</translation>
    </message>
    <message>
        <source>What a click fills</source>
        <translation>点击填充的内容</translation>
    </message>
    <message>
        <source>What a click or a drag does</source>
        <translation>点击或拖动的作用</translation>
    </message>
    <message>
        <source>What erased pixels become</source>
        <translation>擦除的像素变为</translation>
    </message>
    <message>
        <source>What it is, the likeliest first</source>
        <translation>它是什么，最可能的排在最前</translation>
    </message>
    <message>
        <source>What the region becomes. Holding Shift adds to the selected segment, Ctrl subtracts</source>
        <translation>区域变为什么。按住 Shift 添加到所选分割块，Ctrl 减去</translation>
    </message>
    <message>
        <source>What the tools may change</source>
        <translation>工具可以更改的范围</translation>
    </message>
    <message>
        <source>What</source>
        <translation>内容</translation>
    </message>
    <message>
        <source>Which pixels may change; locked segments never do</source>
        <translation>哪些像素可以更改；锁定的分割块不会更改</translation>
    </message>
    <message>
        <source>Width: [ and ], or Alt + drag</source>
        <translation>宽度：[ 和 ]，或 Alt + 拖动</translation>
    </message>
    <message>
        <source>With these thresholds the model says what is there already</source>
        <translation>在这些阈值下，模型给出的结果与现有的相同</translation>
    </message>
    <message>
        <source>Work area</source>
        <translation>工作区域</translation>
    </message>
    <message>
        <source>other thresholds</source>
        <translation>其他阈值</translation>
    </message>
    <message>
        <source>Painting {0} now</source>
        <translation>现在绘制 {0}</translation>
    </message>
    <message>
        <source>Smooth by {0} px</source>
        <translation>平滑 {0} 像素</translation>
    </message>
    <message>
        <source>Grow by {0} px</source>
        <translation>扩大 {0} 像素</translation>
    </message>
    <message>
        <source>Shrink by {0} px</source>
        <translation>缩小 {0} 像素</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>第 {0} 个，共 {1} 个</translation>
    </message>
    <message>
        <source>Enter takes it, Esc not · Shift adds, Ctrl takes away</source>
        <translation>Enter 采用，Esc 放弃 · Shift 添加，Ctrl 减去</translation>
    </message>
</context>
<context>
    <name>Topics</name>
    <message>
        <source>Begin here: drop a folder of photos, or try the ones that come along.</source>
        <translation>从这里开始：拖入一个照片文件夹，或试用附带的照片。</translation>
    </message>
    <message>
        <source>Every change of this image, also of former days. Click one to go back or forward.</source>
        <translation>此图像的每次更改，包括以往的。点击即可后退或前进到那一步。</translation>
    </message>
    <message>
        <source>Every message since the start, to read again and to copy.</source>
        <translation>启动以来的每条消息，可重读和复制。</translation>
    </message>
    <message>
        <source>The image with its labels. Hold Space or the middle button to look around, turn the wheel to zoom, hold H to see the photo alone. What a click does depends on the tool; the status bar says it.</source>
        <translation>图像及其标注。按住空格键或中键移动视图，滚轮缩放，按住 H 只看照片。点击的作用取决于工具；状态栏会说明。</translation>
    </message>
    <message>
        <source>The images of the project with what is done with each: new, labelled by the model, in progress, accepted, flagged. Type to filter, click to open.</source>
        <translation>项目中的图像及其状态：新、已由模型标注、进行中、已接受、已标记。输入以筛选，点击以打开。</translation>
    </message>
    <message>
        <source>The options of the tool in use, and what may change: which pixels can be painted over, and what erased ones become.</source>
        <translation>当前工具的选项，以及允许更改的内容：哪些像素可被覆盖，擦除的像素变成什么。</translation>
    </message>
    <message>
        <source>The parts of this image: each pixel belongs to exactly one. What is selected here is selected on the image.</source>
        <translation>此图像的各部分：每个像素恰属于其中之一。此处的选择与图像上的相同。</translation>
    </message>
    <message>
        <source>The project, the model that labels, and the engine that runs it. Click for what can be done.</source>
        <translation>项目、进行标注的模型，以及运行它的引擎。点击查看可做的操作。</translation>
    </message>
    <message>
        <source>The tools, and what is done most often. Hold the pointer over one for its name and key.</source>
        <translation>工具以及最常用的操作。将指针停在其上可看到名称和按键。</translation>
    </message>
    <message>
        <source>The training on your corrections: how the loss falls, and how good the model is on images held back.</source>
        <translation>基于您的修正的训练：损失如何下降，以及模型在保留图像上的表现。</translation>
    </message>
    <message>
        <source>The whole image; click or drag to look there.</source>
        <translation>整幅图像；点击或拖动以查看该处。</translation>
    </message>
    <message>
        <source>What a pixel can show. Click one to paint with it; double-click, or press its digit, to give it to the selected segments. The eye hides it, the lock keeps it from every edit.</source>
        <translation>像素可以表示的类别。点击以用其绘制；双击或按其数字键，将其赋予选中的分割块。眼睛图标隐藏它，锁图标使其不被任何编辑更改。</translation>
    </message>
    <message>
        <source>What is known of the image and of the selected segments.</source>
        <translation>关于图像和选中分割块的已知信息。</translation>
    </message>
    <message>
        <source>What the tool in use waits for, what is under the pointer, when the last change was saved, and the work in the background with its pause and stop.</source>
        <translation>当前工具等待什么、指针下是什么、上次更改何时保存，以及后台工作及其暂停和停止。</translation>
    </message>
    <message>
        <source>Where the model is least sure. Looking there first brings most for your time.</source>
        <translation>模型最不确定之处。先查看这些地方最省时间。</translation>
    </message>
</context>
<context>
    <name>Tour</name>
    <message>
        <source>Begin</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一步</translation>
    </message>
    <message>
        <source>Enough</source>
        <translation>够了</translation>
    </message>
    <message>
        <source>Colours are categories, lines go around segments: so the model sees this photo.</source>
        <translation>颜色表示类别，线条围住分割块：这就是模型看到的这张照片。</translation>
    </message>
    <message>
        <source>Hold H to see the photo alone.</source>
        <translation>按住 H 只看照片。</translation>
    </message>
    <message>
        <source>Click a segment and press a digit for another category, or paint over it with the brush ({0}).</source>
        <translation>点击分割块并按数字键换成其他类别，或用画笔（{0}）涂改。</translation>
    </message>
    <message>
        <source>Every stroke is saved at once; {0} takes it back.</source>
        <translation>每一笔都会立即保存；{0} 可撤销。</translation>
    </message>
    <message>
        <source>{0} accepts the image and opens the next one.</source>
        <translation>{0} 接受图像并打开下一幅。</translation>
    </message>
    <message>
        <source>What you accept and correct can teach the model: {0}.</source>
        <translation>您接受和修正的内容可以训练模型：{0}。</translation>
    </message>
    <message>
        <source>{0} opens the guide at the part in use.</source>
        <translation>{0} 打开手册中关于当前部分的内容。</translation>
    </message>
    <message>
        <source>Drop a folder of your own photos into the window to begin. {0} finds every command.</source>
        <translation>把自己的照片文件夹拖入窗口即可开始。{0} 可找到所有命令。</translation>
    </message>
    <message>
        <source>The model suggests</source>
        <translation>模型提出建议</translation>
    </message>
    <message>
        <source>You correct</source>
        <translation>您来修正</translation>
    </message>
    <message>
        <source>You say what is right</source>
        <translation>您来确认</translation>
    </message>
    <message>
        <source>With your own photos</source>
        <translation>用您自己的照片</translation>
    </message>
</context>
<context>
    <name>TrainDialog</name>
    <message>
        <source>Train on the corrections</source>
        <translation>用修正进行训练</translation>
    </message>
    <message>
        <source>Accepted images, entirely: {0}</source>
        <translation>已接受的图像（全部内容）：{0}</translation>
    </message>
    <message>
        <source>Others, only what you changed in them: {0}</source>
        <translation>其他图像（仅您更改的部分）：{0}</translation>
    </message>
    <message>
        <source>Learns from</source>
        <translation>学习内容</translation>
    </message>
    <message>
        <source>Begins with</source>
        <translation>起始模型</translation>
    </message>
    <message>
        <source>Runs on</source>
        <translation>运行设备</translation>
    </message>
    <message>
        <source>about {0} min, beside your work</source>
        <translation>约 {0} 分钟，不影响您的工作</translation>
    </message>
    <message>
        <source>Takes</source>
        <translation>耗时</translation>
    </message>
    <message>
        <source>Is judged by</source>
        <translation>评判依据</translation>
    </message>
    <message>
        <source>Name of the new model</source>
        <translation>新模型的名称</translation>
    </message>
    <message>
        <source>New model</source>
        <translation>新模型</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>You can go on labelling meanwhile. The model in use stays until you choose the new one.</source>
        <translation>您可以同时继续标注。在您选择新模型之前，当前模型保持不变。</translation>
    </message>
    <message>
        <source>There is nothing to learn from yet: correct or accept some images first.</source>
        <translation>尚无可学习的内容：请先修正或接受一些图像。</translation>
    </message>
    <message>
        <source>Give the model a name that can be a folder&apos;s name.</source>
        <translation>请为模型取一个可用作文件夹名的名称。</translation>
    </message>
    <message>
        <source>nothing: with five images or more, some are held back to compare the models</source>
        <translation>无：有五幅以上图像时，会保留一部分用于比较模型</translation>
    </message>
    <message>
        <source>every fifth image, which is held back; it is recommended only if it is better on these</source>
        <translation>每五幅保留一幅作评判；只有在这些图像上更好时才会推荐</translation>
    </message>
</context>
<context>
    <name>TrainerProcess</name>
    <message>
        <source>paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>正在启动</translation>
    </message>
    <message>
        <source>pausing</source>
        <translation>正在暂停</translation>
    </message>
    <message>
        <source>stopping</source>
        <translation>正在停止</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>剩余 {0}</translation>
    </message>
    <message>
        <source>the training ended unexpectedly (code {0})</source>
        <translation>训练意外结束（代码 {0}）</translation>
    </message>
    <message>
        <source>the training was ended by the system, perhaps for want of memory</source>
        <translation>训练被系统终止，可能是内存不足</translation>
    </message>
    <message>
        <source>the training could not be started: {0}</source>
        <translation>无法启动训练：{0}</translation>
    </message>
</context>
<context>
    <name>TrainingCommands</name>
    <message>
        <source>the starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>The comparison cannot be shown</source>
        <translation>无法显示比较</translation>
    </message>
</context>
<context>
    <name>TrainingPanel</name>
    <message>
        <source>Training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>No training yet.</source>
        <translation>尚未训练。</translation>
    </message>
    <message>
        <source>Log of the training</source>
        <translation>训练日志</translation>
    </message>
    <message>
        <source>Train…</source>
        <translation>训练…</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Use the new model</source>
        <translation>使用新模型</translation>
    </message>
    <message>
        <source>Compare…</source>
        <translation>比较…</translation>
    </message>
    <message>
        <source>Go back</source>
        <translation>返回</translation>
    </message>
    <message>
        <source>Label with the model again that was used before</source>
        <translation>重新使用先前的模型标注</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>正在启动…</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>已停止。</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Use it all the same</source>
        <translation>仍然使用</translation>
    </message>
    <message>
        <source>{0} steps on {1} images, on {2}</source>
        <translation>{1} 张图像上的 {0} 步，设备 {2}</translation>
    </message>
    <message>
        <source>Step {0}: loss {1}</source>
        <translation>第 {0} 步：损失 {1}</translation>
    </message>
    <message>
        <source>The base, on what was held back: {0}</source>
        <translation>基础模型在保留数据上：{0}</translation>
    </message>
    <message>
        <source>After step {0}: {1}</source>
        <translation>第 {0} 步之后：{1}</translation>
    </message>
    <message>
        <source>Paused. It goes on from here whenever you like, also after a restart.</source>
        <translation>已暂停。您可以随时从此处继续，重启后也可以。</translation>
    </message>
    <message>
        <source>Done. The new model is kept as a candidate: {0}.</source>
        <translation>完成。新模型保留为候选：{0}。</translation>
    </message>
    <message>
        <source>Done. The new model is better: {0}.</source>
        <translation>完成。新模型更好：{0}。</translation>
    </message>
    <message>
        <source>Done. The new model is ready.</source>
        <translation>完成。新模型已就绪。</translation>
    </message>
</context>
<context>
    <name>Trainings</name>
    <message>
        <source>{0} exists already. Give the model another name.</source>
        <translation>{0} 已存在。请为模型另取名称。</translation>
    </message>
    <message>
        <source>The training did not start</source>
        <translation>训练未开始</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>The training failed</source>
        <translation>训练失败</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>以后</translation>
    </message>
    <message>
        <source>Compare…</source>
        <translation>比较…</translation>
    </message>
    <message>
        <source>Use the new model</source>
        <translation>使用新模型</translation>
    </message>
    <message>
        <source>It learned from your corrections.</source>
        <translation>它已从您的修正中学习。</translation>
    </message>
    <message>
        <source>Use it for the next images?</source>
        <translation>用于接下来的图像吗？</translation>
    </message>
    <message>
        <source>The new model is ready</source>
        <translation>新模型已就绪</translation>
    </message>
    <message>
        <source>Use it all the same</source>
        <translation>仍然使用</translation>
    </message>
    <message>
        <source>It is kept, but not put to use: {0}.</source>
        <translation>已保留，但未启用：{0}。</translation>
    </message>
    <message>
        <source>The new model is a candidate</source>
        <translation>新模型为候选</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>lasso</source>
        <translation>套索</translation>
    </message>
    <message>
        <source>magic wand</source>
        <translation>魔棒</translation>
    </message>
    <message>
        <source>polygon</source>
        <translation>多边形</translation>
    </message>
    <message>
        <source>smart scissors</source>
        <translation>智能剪刀</translation>
    </message>
    <message>
        <source>superpixel brush</source>
        <translation>超像素画笔</translation>
    </message>
    <message>
        <source>the selected segments</source>
        <translation>所选分割块</translation>
    </message>
    <message>
        <source>void and stuff</source>
        <translation>未标注和背景</translation>
    </message>
    <message>
        <source>void</source>
        <translation>未标注</translation>
    </message>
    <message>
        <source>{0} segments</source>
        <translation>{0} 个分割块</translation>
    </message>
</context>
</TS>
