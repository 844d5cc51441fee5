<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
 <context>
  <name>AuvaeUnmixing</name>
  <message>
   <source>&lt;p&gt;Estimates how many pure materials (endmembers) a hyperspectral image is made of, in seconds. &lt;i&gt;Unmix&lt;/i&gt; does the same where its number of endmembers is 0.&lt;/p&gt;&lt;h3&gt;What is counted&lt;/h3&gt;&lt;p&gt;Materials that the image cannot do without: the largest number of endmembers of which each, left out, would cost at least 2 % of the variety of spectral shapes in the image.&lt;/p&gt;&lt;p&gt;HySime counts the directions in which there is more signal than noise. Where light mixes linearly this is the number of endmembers, and it also sees rare ones. In most real images it is several times too high: materials vary, and light is reflected more than once.&lt;/p&gt;&lt;p&gt;The estimate is HySime's where the signal ends sharply at its last direction and the count of materials is not higher; in all other images it is the count of materials.&lt;/p&gt;&lt;h3&gt;With and without rare materials&lt;/h3&gt;&lt;p&gt;A rare material shows in a few neighbouring pixels and nowhere else: a car, a roof, a patch of another mineral. The estimate holds these, so that &lt;i&gt;Unmix&lt;/i&gt; with 0 also finds small targets. Another number says how many endmembers there are without them: ask &lt;i&gt;Unmix&lt;/i&gt; for that one where you want a map of what covers the land, and every endmember is free for something common.&lt;/p&gt;&lt;h3&gt;How far to trust it&lt;/h3&gt;&lt;p&gt;Expect to be off by one now and then, and low where many materials are alike, bands are few or noise is strong. Of rare materials those whose pixels are all mixed, or only one, are not seen. The report shows the evidence for each number: look there, then try one less and one more.&lt;/p&gt;</source>
   <translation>&lt;p&gt;用几秒钟估计一幅高光谱影像由多少种纯物质（端元）组成。&lt;i&gt;解混&lt;/i&gt;中端元数为 0 时做的是同样的估计。&lt;/p&gt;&lt;h3&gt;计数的是什么&lt;/h3&gt;&lt;p&gt;物质数是影像不可缺少的物质：在这个最大的端元数下，去掉其中任何一个，都会损失影像光谱形状变化的至少 2 %。&lt;/p&gt;&lt;p&gt;HySime 计数信号强于噪声的方向。光线性混合时，它就是端元数，并且也能发现稀少的端元。在大多数真实影像中它会高出数倍：物质本身有变化，光也不止反射一次。&lt;/p&gt;&lt;p&gt;若信号在 HySime 的最后一个方向处陡然结束，且物质数不高于它，则估计值取 HySime；在其他所有影像中取物质数。&lt;/p&gt;&lt;h3&gt;有无稀少物质&lt;/h3&gt;&lt;p&gt;稀少物质只出现在少数相邻像元中，别处没有：一辆汽车、一个屋顶、一小片别的矿物。估计值包含这些物质，因此&lt;i&gt;解混&lt;/i&gt;填 0 时也能找到小目标。另一个数目说明不含这些物质时有多少端元：若要得到地表覆盖图，请让&lt;i&gt;解混&lt;/i&gt;使用该数目，这样每个端元都留给常见的物质。&lt;/p&gt;&lt;h3&gt;可信程度&lt;/h3&gt;&lt;p&gt;偶尔会相差一个；若许多物质彼此相似、波段少或噪声强，估计会偏低。稀少物质若所有像元都是混合的，或只有一个像元，则看不到。报告给出每个数目的依据：请先看报告，再试试少一个和多一个。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Finds the pure materials (endmembers) in a hyperspectral image and how much of each (abundance) every pixel holds. No reference spectra and no training areas are needed.&lt;/p&gt;&lt;h3&gt;What you get&lt;/h3&gt;&lt;p&gt;One map for each endmember. Its values are fractions of the pixel: 0 is none, 1 is all of it; in every pixel the maps are non-negative and add up to 1. They are shares of the area where the image's brightness allows it. Where shade and slopes decide how bright a pixel is, they are shares of reflectance; the log and the report say so. Hectares stand in dock and report. A material that another result of the image in the project has, too, keeps its colour. The dock &lt;i&gt;Endmember spectra&lt;/i&gt; shows which material each map is: compare its spectrum with what you know. The result folder also holds the spectra as CSV and ENVI spectral library, the uncertainty of each abundance (posterior standard deviation), the angle between each pixel and its reconstruction, a report, and the trained model.&lt;/p&gt;&lt;h3&gt;How many endmembers?&lt;/h3&gt;&lt;p&gt;With 0 the number is estimated, and the report shows the evidence, as &lt;i&gt;Count endmembers&lt;/i&gt; does. It holds rare materials, which show in a few pixels only; the log says the number without them. Or count the materials you can tell apart in the image, and add one for shade if there is much. Too few: a spectrum looks like a blend and the error map shows a structure you recognise on the ground. Too many: two spectra are nearly the same but for brightness, or a map is nearly empty. Try one less and one more; &lt;i&gt;draft&lt;/i&gt; quality is enough for that.&lt;/p&gt;&lt;h3&gt;Known materials&lt;/h3&gt;&lt;p&gt;Spectra that you know, from a library or from places in the image, stay as they are and come first; the remaining endmembers are found beside them. The number counts both.&lt;/p&gt;&lt;h3&gt;Which image?&lt;/h3&gt;&lt;p&gt;Surface reflectance is best; radiance works if the atmosphere is the same everywhere. Bands flagged bad in the header or the product are left out, as are pixels with no data: &lt;i&gt;Inspect bands&lt;/i&gt; lists them. The unit of the raster is kept.&lt;/p&gt;&lt;p&gt;The published networks among the advanced parameters are for comparison: the help of &lt;i&gt;Network&lt;/i&gt; and the report say what is known to be wrong with them.&lt;/p&gt;&lt;p&gt;The computation runs in a process of its own, on a CUDA graphics card where there is one. The map stays usable; Cancel stops it within two seconds and leaves nothing behind.&lt;/p&gt;</source>
   <translation>&lt;p&gt;在高光谱影像中找出纯物质（端元），以及每个像元中各占多少（丰度）。不需要参考光谱，也不需要训练样区。&lt;/p&gt;&lt;h3&gt;得到什么&lt;/h3&gt;&lt;p&gt;每个端元一幅图。其值是占像元的比例：0 为没有，1 为全部；每个像元中各图非负且总和为 1。在影像亮度允许时，它们是面积比例；若像元的明暗由阴影和坡度决定，它们就是反射率比例，日志和报告会说明是哪一种。停靠面板和报告给出公顷数。项目中该影像的另一个结果也有的物质保持其颜色。停靠面板&lt;i&gt;端元光谱&lt;/i&gt;显示每幅图是什么物质：请把它的光谱与您已知的光谱比较。结果文件夹中还有 CSV 和 ENVI 光谱库格式的光谱、各丰度的不确定度（后验标准差）、每个像元与其重构之间的夹角、一份报告以及训练好的模型。&lt;/p&gt;&lt;h3&gt;多少个端元？&lt;/h3&gt;&lt;p&gt;填 0 时自动估计，报告中给出依据，与&lt;i&gt;估计端元数&lt;/i&gt;相同。估计值包含只出现在少数像元中的稀少物质；日志会给出不含它们的数目。也可以数一数影像中能够区分的物质，若阴影较多再加一个。太少：某条光谱看起来像混合物，误差图显示出您认得的地面结构。太多：两条光谱除亮度外几乎相同，或某幅图几乎是空的。请试试少一个和多一个；用&lt;i&gt;草稿&lt;/i&gt;质量就足够了。&lt;/p&gt;&lt;h3&gt;已知物质&lt;/h3&gt;&lt;p&gt;您已知的光谱（来自光谱库或影像中的地点）保持不变并排在最前；其余端元在它们之外寻找。端元数包括两者。&lt;/p&gt;&lt;h3&gt;用哪种影像？&lt;/h3&gt;&lt;p&gt;地表反射率最好；若各处大气相同，辐亮度也可以。头文件或产品标记为坏的波段以及无数据的像元会被排除：&lt;i&gt;检查波段&lt;/i&gt;会列出它们。栅格的单位保持不变。&lt;/p&gt;&lt;p&gt;高级参数中的已发表网络仅供比较：&lt;i&gt;网络&lt;/i&gt;的帮助和报告说明了它们已知的问题。&lt;/p&gt;&lt;p&gt;计算在独立的进程中进行，有 CUDA 显卡时使用显卡。地图始终可用；点击“取消”会在两秒内停止，不留下任何文件。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Finds the spectra between which all others lie, in seconds. The dock shows them; give the library to &lt;i&gt;Unmix into known spectra&lt;/i&gt;, or open it in the EnMAP-Box.&lt;/p&gt;&lt;h3&gt;Methods&lt;/h3&gt;&lt;ul&gt;&lt;li&gt;VCA, vertex component analysis: pixels at the corners of the image, one after the other, in random directions.&lt;/li&gt;&lt;li&gt;N-FINDR: the pixels that span the largest volume; begins with those of VCA.&lt;/li&gt;&lt;li&gt;Archetypes: mixtures of many pixels that explain the image best by shape. They stand noise and odd pixels; it is what &lt;i&gt;Unmix&lt;/i&gt; begins with.&lt;/li&gt;&lt;/ul&gt;&lt;p&gt;VCA and N-FINDR give pixels of the image: the log says where they are, and in a GeoPackage each is a point. Both take a single odd pixel for a material. A large image is read twice, window by window.&lt;/p&gt;</source>
   <translation>&lt;p&gt;用几秒钟找出将所有其他光谱包围在其间的光谱。停靠面板会显示它们；可将光谱库交给&lt;i&gt;解混为已知光谱&lt;/i&gt;，或在 EnMAP-Box 中打开。&lt;/p&gt;&lt;h3&gt;方法&lt;/h3&gt;&lt;ul&gt;&lt;li&gt;VCA，顶点成分分析：沿随机方向逐个找出影像顶角处的像元。&lt;/li&gt;&lt;li&gt;N-FINDR：张成最大体积的像元；从 VCA 的像元开始。&lt;/li&gt;&lt;li&gt;原型：由许多像元混合而成、按形状最好地解释影像。它们不怕噪声和个别异常像元；&lt;i&gt;解混&lt;/i&gt;就从它们开始。&lt;/li&gt;&lt;/ul&gt;&lt;p&gt;VCA 和 N-FINDR 给出影像中的像元：日志说明其位置，在 GeoPackage 中每个都是一个点。两者都会把单个异常像元当作物质。大影像逐窗口读取两遍。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Finds, for every pixel, the mixture of the known spectra that is nearest to it: exactly, without training and without chance. Abundances are not negative, and add up to 1 (FCLS) unless you allow otherwise (NNLS).&lt;/p&gt;&lt;h3&gt;Brightness counts&lt;/h3&gt;&lt;p&gt;Every pixel is taken to be lit as the spectra are, unless you choose otherwise under &lt;i&gt;Brightness&lt;/i&gt;: a shaded pixel of a material is a mixture with something dark. Give spectra as bright as the materials are in this image, best from places in it, and one of shade or water; or let the image decide; or look at the amounts of NNLS, whose sum is a pixel's brightness.&lt;/p&gt;&lt;h3&gt;What you get&lt;/h3&gt;&lt;p&gt;The same maps, layers and files as from &lt;i&gt;Unmix&lt;/i&gt;. The uncertainty is the standard error of the least-squares mixture, from each pixel's own misfit. A large reconstruction error shows where a material is missing: &lt;i&gt;Unmix&lt;/i&gt; with known spectra finds it.&lt;/p&gt;</source>
   <translation>&lt;p&gt;为每个像元求出与之最接近的已知光谱混合：精确求解，无需训练，没有随机性。丰度非负且总和为 1（FCLS），除非您允许其他情况（NNLS）。&lt;/p&gt;&lt;h3&gt;亮度有影响&lt;/h3&gt;&lt;p&gt;除非您在&lt;i&gt;亮度&lt;/i&gt;中另作选择，每个像元都被认为与所给光谱的光照相同：某物质的阴影像元会成为与某种暗物质的混合。请给出与物质在此影像中同样明亮的光谱，最好取自影像中的地点，并给出一条阴影或水体的光谱；或者由影像决定；或者查看 NNLS 的量，其总和就是像元的亮度。&lt;/p&gt;&lt;h3&gt;得到什么&lt;/h3&gt;&lt;p&gt;与&lt;i&gt;解混&lt;/i&gt;相同的图、图层和文件。不确定度是最小二乘混合的标准误差，由每个像元自身的拟合偏差得出。重构误差大的地方缺少某种物质：带已知光谱的&lt;i&gt;解混&lt;/i&gt;能找到它。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Gives the abundance map of one endmember of a result: the step that a model needs between &lt;i&gt;Unmix&lt;/i&gt; and whatever is to be done with one material.&lt;/p&gt;&lt;p&gt;The endmember is given by its name, as it stands in the layers and in endmembers.csv (capitals do not matter), or by its number. A renamed endmember is found by its new name.&lt;/p&gt;&lt;p&gt;Without a file to write, the output is the map in the result folder itself: nothing is copied. The numbers are the mean abundance over the scene and the share of pixels in which this endmember has the largest abundance.&lt;/p&gt;</source>
   <translation>&lt;p&gt;给出一个结果中某个端元的丰度图：这是模型中&lt;i&gt;解混&lt;/i&gt;与后续处理某一种物质之间所需的步骤。&lt;/p&gt;&lt;p&gt;端元可以用名称指定，即图层和 endmembers.csv 中的名称（不区分大小写），也可以用编号指定。改过名的端元按新名称查找。&lt;/p&gt;&lt;p&gt;若不指定写出的文件，输出就是结果文件夹中的图本身：不复制任何内容。输出的数值是整景的平均丰度，以及该端元丰度最大的像元所占比例。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Looks at all pixels along random directions of the image's signal subspace and counts how often each one lies at an end (the pixel purity index). Pure pixels are the corners of the cloud and are extreme often; mixtures lie inside it and hardly ever are.&lt;/p&gt;&lt;p&gt;Use it to see where pure pixels are: draw points or polygons there and give them to &lt;i&gt;Unmix&lt;/i&gt; as known places. A map of single scattered pixels says that only odd pixels are extreme.&lt;/p&gt;&lt;p&gt;The map holds counts, -1 where the image has no data. The image is read three times, window by window, and may be of any size.&lt;/p&gt;</source>
   <translation>&lt;p&gt;沿影像信号子空间的随机方向查看所有像元，统计每个像元位于端点的次数（纯像元指数）。纯像元是点云的顶角，经常位于端点；混合像元在内部，几乎从不。&lt;/p&gt;&lt;p&gt;用它来查看纯像元在哪里：在那里绘制点或多边形，作为已知地点交给&lt;i&gt;解混&lt;/i&gt;。若图中只有零散的单个像元，说明只有异常像元位于端点。&lt;/p&gt;&lt;p&gt;图中为次数，影像无数据处为 -1。影像逐窗口读取三遍，可以是任意大小。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Makes a raster of classes of the abundances of an unmixing: for every pixel the number of the endmember whose abundance is largest, with the endmembers' names and colours.&lt;/p&gt;&lt;p&gt;Pixels in which even the largest abundance is below the smallest abundance that counts get no class, as do those without data: 0.5 keeps the pixels that are mostly one material, 0.9 those that are nearly pure.&lt;/p&gt;&lt;p&gt;Any raster with one abundance or fraction a band will do. A result folder holds the classes without a smallest abundance already, as &lt;i&gt;dominant.tif&lt;/i&gt;.&lt;/p&gt;</source>
   <translation>&lt;p&gt;由解混得到的丰度生成分类栅格：每个像元取丰度最大的端元的编号，并带有端元的名称和颜色。&lt;/p&gt;&lt;p&gt;若最大丰度仍低于计入的最小丰度，该像元不归类，无数据的像元也一样：0.5 保留主要为一种物质的像元，0.9 保留近乎纯净的像元。&lt;/p&gt;&lt;p&gt;任何每个波段为一种丰度或比例的栅格都可以使用。结果文件夹中的 &lt;i&gt;dominant.tif&lt;/i&gt; 已经是不设最小丰度的分类。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Shows how an image is read before it is unmixed: its sensor, the wavelength and width of every band, the unit of its values, which bands are used and which are left out and why, the share of pixels without data, and the mean spectrum of the image.&lt;/p&gt;&lt;h3&gt;Which bands are left out&lt;/h3&gt;&lt;ul&gt;&lt;li&gt;those that the header or the product flags as bad;&lt;/li&gt;&lt;li&gt;those that hold no data in most pixels, or one value everywhere;&lt;/li&gt;&lt;li&gt;where two detectors see the same wavelengths (EnMAP, PRISMA), those of VNIR;&lt;/li&gt;&lt;li&gt;those near 1400 and 1900 nm, where water vapour absorbs the light, when they are mostly noise: when more than half of what varies in them has nothing to do with the other bands.&lt;/li&gt;&lt;/ul&gt;&lt;p&gt;Bands that you choose yourself are used whatever is said of them.&lt;/p&gt;</source>
   <translation>&lt;p&gt;显示影像在解混之前是如何读取的：传感器、每个波段的波长和宽度、数值的单位、哪些波段被使用、哪些被排除及其原因、无数据像元的比例，以及影像的平均光谱。&lt;/p&gt;&lt;h3&gt;哪些波段被排除&lt;/h3&gt;&lt;ul&gt;&lt;li&gt;头文件或产品标记为坏的波段；&lt;/li&gt;&lt;li&gt;大多数像元无数据，或各处为同一个值的波段；&lt;/li&gt;&lt;li&gt;两个探测器看到相同波长时（EnMAP、PRISMA），VNIR 的波段；&lt;/li&gt;&lt;li&gt;1400 和 1900 nm 附近水汽吸收的波段，如果它们主要是噪声：即其变化有一半以上与其他波段无关。&lt;/li&gt;&lt;/ul&gt;&lt;p&gt;您自己选择的波段无论如何标记都会使用。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Unmixes several images: dates of one place, or the parts of a mosaic. With one model, trained on samples of all of them, the endmembers are the same everywhere and maps compare; the images must be of one sensor and in one unit. With one model each, endmembers of one number may be different materials in different images.&lt;/p&gt;&lt;h3&gt;What you get&lt;/h3&gt;&lt;p&gt;In the result folder: a result for each image, as &lt;i&gt;Unmix&lt;/i&gt; makes it; &lt;i&gt;summary.csv&lt;/i&gt;, the area of each material in each image; &lt;i&gt;summary.html&lt;/i&gt;, the report, with areas over time where at least two images carry a date (in their names, as 20240611 or 2024-06-11, or in their metadata). An image that cannot be unmixed is named there, and the others go on.&lt;/p&gt;&lt;h3&gt;Where it is computed&lt;/h3&gt;&lt;p&gt;On this computer, or on a Dask cluster: write its scheduler's address, or &lt;i&gt;cluster&lt;/i&gt; for the one set in &lt;i&gt;Plugins ▸ AUVAE Unmixing ▸ Cluster…&lt;/i&gt;, which tests it, and whose help tells how to start one. Workers must see images and result folder under the same paths. A part of an image that fails three times is left no-data, and named.&lt;/p&gt;&lt;h3&gt;When it is stopped&lt;/h3&gt;&lt;p&gt;Finished images are kept after Cancel or an error, and the same run, started again, goes on from there.&lt;/p&gt;</source>
   <translation>&lt;p&gt;解混多幅影像：同一地点的多个日期，或镶嵌的各部分。用一个模型（由所有影像的样本训练），各处端元相同，图可以相互比较；影像须来自同一传感器且单位相同。每幅影像一个模型时，编号相同的端元在不同影像中可能是不同的物质。&lt;/p&gt;&lt;h3&gt;得到什么&lt;/h3&gt;&lt;p&gt;结果文件夹中：每幅影像一个结果，与&lt;i&gt;解混&lt;/i&gt;所得相同；&lt;i&gt;summary.csv&lt;/i&gt;，每种物质在每幅影像中的面积；&lt;i&gt;summary.html&lt;/i&gt;，报告，至少两幅影像带有日期时（名称中，如 20240611 或 2024-06-11，或元数据中）含面积随时间的变化。无法解混的影像会在其中列出，其余照常进行。&lt;/p&gt;&lt;h3&gt;在哪里计算&lt;/h3&gt;&lt;p&gt;在本机或 Dask 集群上：填写调度器的地址，或填 &lt;i&gt;cluster&lt;/i&gt; 使用&lt;i&gt;插件 ▸ AUVAE Unmixing ▸ 集群…&lt;/i&gt;中设置的地址；那里可以测试，其帮助说明如何启动集群。工作进程须以相同路径访问影像和结果文件夹。影像中三次失败的部分留作无数据并列出。&lt;/p&gt;&lt;h3&gt;中途停止时&lt;/h3&gt;&lt;p&gt;取消或出错后，已完成的影像保留；再次启动相同的运行会从那里继续。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Uses the model of a result (its file &lt;i&gt;model.auvae&lt;/i&gt;) on another image: the same endmembers in the same order and colours, so that maps of many dates or flight lines compare. Nothing is trained, so it takes a fraction of the time of &lt;i&gt;Unmix&lt;/i&gt;. Run it as a batch for many images.&lt;/p&gt;&lt;h3&gt;Which images fit?&lt;/h3&gt;&lt;p&gt;Bands are matched by wavelength. Where they differ they are resampled to the model's, by their widths where both are known; up to a fifth of the model's bands may be missing. Values are brought into the model's unit where both say theirs. What does not fit is refused, with the reason.&lt;/p&gt;&lt;h3&gt;Does the model fit the scene?&lt;/h3&gt;&lt;p&gt;The log and the report warn when pixels and their mixtures differ clearly more in shape than where the model was trained: then other materials are in the image, or it was corrected otherwise. The layer &lt;i&gt;Reconstruction error&lt;/i&gt; shows where. Fine-tune the model with &lt;i&gt;Unmix&lt;/i&gt;, or unmix the image anew.&lt;/p&gt;</source>
   <translation>&lt;p&gt;把一个结果的模型（其文件 &lt;i&gt;model.auvae&lt;/i&gt;）用于另一幅影像：端元相同，顺序和颜色也相同，因此多个日期或航带的图可以比较。不进行训练，所以只需&lt;i&gt;解混&lt;/i&gt;的一小部分时间。许多影像可用批处理运行。&lt;/p&gt;&lt;h3&gt;哪些影像适合？&lt;/h3&gt;&lt;p&gt;波段按波长匹配。若不同，则重采样到模型的波段；双方都知道宽度时按宽度进行；模型的波段最多可缺五分之一。双方都说明单位时，数值换算到模型的单位。不适合的会被拒绝并说明原因。&lt;/p&gt;&lt;h3&gt;模型适合该影像吗？&lt;/h3&gt;&lt;p&gt;若像元与其混合在形状上的差别明显大于模型训练之处，日志和报告会发出警告：影像中有其他物质，或校正方式不同。图层&lt;i&gt;重构误差&lt;/i&gt;显示在哪里。请用&lt;i&gt;解混&lt;/i&gt;微调模型，或重新解混该影像。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>&lt;p&gt;Writes the spectra of a result, under the names they have now: as an ENVI spectral library (.sli with its .hdr), as a table (.csv), or as a GeoPackage of profiles (.gpkg) that the EnMAP-Box opens as a spectral library.&lt;/p&gt;</source>
   <translation>&lt;p&gt;以当前的名称写出一个结果的光谱：ENVI 光谱库（.sli 及其 .hdr）、表格（.csv），或 EnMAP-Box 可作为光谱库打开的剖面 GeoPackage（.gpkg）。&lt;/p&gt;</translation>
  </message>
  <message>
   <source>A Python that has torch, rasterio, scipy, h5py, defusedxml and safetensors</source>
   <translation>装有 torch、rasterio、scipy、h5py、defusedxml 和 safetensors 的 Python</translation>
  </message>
  <message>
   <source>A copy of all maps as the bands of one raster, where you want it. One is in the result folder anyway.</source>
   <translation>把所有丰度图作为一个栅格的各波段，另存一份到您指定的位置。结果文件夹中本来就有一份。</translation>
  </message>
  <message>
   <source>A copy of the map, where you want it. Left empty: the map in the result folder.</source>
   <translation>在您指定的位置保存该图的副本。留空：使用结果文件夹中的图。</translation>
  </message>
  <message>
   <source>A file could not be written: it is protected, or a virus scanner holds it.</source>
   <translation>有文件无法写入：文件受保护，或被杀毒软件占用。</translation>
  </message>
  <message>
   <source>A library with spectra of materials that are in the image: ENVI (.sli), a table (.csv: first column the wavelength), or profiles of the EnMAP-Box (.gpkg, .geojson). They are brought to the bands and the unit of the image, by band width where both know it.</source>
   <translation>含有影像中物质光谱的光谱库：ENVI (.sli)、表格（.csv：第一列为波长），或 EnMAP-Box 的剖面（.gpkg、.geojson）。光谱会换算到影像的波段和单位；双方都知道波段宽度时按宽度进行。</translation>
  </message>
  <message>
   <source>A package arrived other than it was published: its hash is wrong.</source>
   <translation>收到的软件包与发布的不同：其哈希值不符。</translation>
  </message>
  <message>
   <source>A package would have to be compiled, and there is no compiler.</source>
   <translation>有软件包需要编译，但没有编译器。</translation>
  </message>
  <message>
   <source>A page with the evidence for each number, to open in a web browser (.html).</source>
   <translation>列出每个数目依据的网页，用浏览器打开（.html）。</translation>
  </message>
  <message>
   <source>A page with the mean spectrum and all bands, to open in a web browser (.html).</source>
   <translation>含平均光谱和所有波段的网页，用浏览器打开（.html）。</translation>
  </message>
  <message>
   <source>A part of the image: maps are made of that part alone. Left empty: the whole image.</source>
   <translation>影像的一部分：只对这一部分制图。留空：整幅影像。</translation>
  </message>
  <message>
   <source>A path became longer than this system allows.</source>
   <translation>某个路径的长度超过了此系统的限制。</translation>
  </message>
  <message>
   <source>A pixel counts as extreme within so many standard deviations of the noise from the end. With 0 only the outermost pixel of each side does.</source>
   <translation>距端点在多少个噪声标准差以内的像元算作位于端点。0：只算每一侧最外的像元。</translation>
  </message>
  <message>
   <source>A pixel may be dark because it holds a dark material, such as water, or because it lies in the shade or on a slope that faces away from the sun. In the first case abundances are shares of the area; light may still differ a little, or not at all (as in FCLS). In the second they are shares of reflectance, and dark materials count as if they were nearly as bright as others.</source>
   <translation>像元变暗，可能因为含有水体等暗物质，也可能因为处于阴影中或背阳的坡上。前一种情况下丰度是面积比例，光照仍可略有差异，或完全没有差异（如 FCLS）；后一种情况下丰度是反射率比例，暗物质按几乎与其他物质同样明亮来计算。</translation>
  </message>
  <message>
   <source>A raster with one abundance a band, such as abundances.tif of a result.</source>
   <translation>每个波段为一种丰度的栅格，例如结果中的 abundances.tif。</translation>
  </message>
  <message>
   <source>A suggestion, by features of the spectrum: {}. “Use this name” takes it over.</source>
   <translation>根据光谱特征的建议：{}。点击“使用此名称”即可采用。</translation>
  </message>
  <message>
   <source>AUVAE</source>
   <translation>AUVAE</translation>
  </message>
  <message>
   <source>AUVAE Unmixing needs PyTorch, which is not set up yet.</source>
   <translation>AUVAE Unmixing 需要 PyTorch，它尚未设置。</translation>
  </message>
  <message>
   <source>AUVAE Unmixing: PyTorch is loaded while you fill in the dialog.</source>
   <translation>AUVAE 解混：填写对话框时正在载入 PyTorch。</translation>
  </message>
  <message>
   <source>AUVAE Unmixing: all tools</source>
   <translation>AUVAE Unmixing：全部工具</translation>
  </message>
  <message>
   <source>AUVAE {auvae}, PyTorch {torch}, computing on {device}</source>
   <translation>AUVAE {auvae}，PyTorch {torch}，在 {device} 上计算</translation>
  </message>
  <message>
   <source>AUVAE-Net</source>
   <translation>AUVAE-Net</translation>
  </message>
  <message>
   <source>AUVAE-Net (published)</source>
   <translation>AUVAE-Net（已发表版本）</translation>
  </message>
  <message>
   <source>Abundance</source>
   <translation>丰度</translation>
  </message>
  <message>
   <source>Abundance map</source>
   <translation>丰度图</translation>
  </message>
  <message>
   <source>Abundance map of one endmember</source>
   <translation>单个端元的丰度图</translation>
  </message>
  <message>
   <source>Abundance maps</source>
   <translation>丰度图</translation>
  </message>
  <message>
   <source>Abundance of “{}”: the fraction of each pixel, from 0 to 1.</source>
   <translation>“{}”的丰度：占每个像元的比例，0 到 1。</translation>
  </message>
  <message>
   <source>Abundances</source>
   <translation>丰度</translation>
  </message>
  <message>
   <source>Abundances in one raster</source>
   <translation>合为一个栅格的丰度</translation>
  </message>
  <message>
   <source>Abundances sum to one</source>
   <translation>丰度总和为一</translation>
  </message>
  <message>
   <source>Abundances, one band an endmember: fractions from 0 to 1.</source>
   <translation>丰度，每个波段一个端元：比例，0 到 1。</translation>
  </message>
  <message>
   <source>All GPUs</source>
   <translation>所有 GPU</translation>
  </message>
  <message>
   <source>All files (*)</source>
   <translation>所有文件 (*)</translation>
  </message>
  <message>
   <source>All pixels are equally lit</source>
   <translation>所有像元光照相同</translation>
  </message>
  <message>
   <source>All pixels are equally lit: fully constrained least squares (FCLS). Automatic: the image decides, and the log and the report say how.</source>
   <translation>所有像元光照相同：全约束最小二乘（FCLS）。自动：由影像决定，日志和报告会说明结果。</translation>
  </message>
  <message>
   <source>Allow long paths in Windows, or set AUVAE_PYTHON to an environment in a shorter folder.</source>
   <translation>请在 Windows 中启用长路径，或将 AUVAE_PYTHON 设为位于较短文件夹中的环境。</translation>
  </message>
  <message>
   <source>Amounts that need not sum to one keep their pixel's brightness, so that it cannot be read: let abundances sum to one, or choose that all pixels are equally lit.</source>
   <translation>总和不必为一的量保留了像元的亮度，因此无法再解读亮度：请让丰度总和为一，或选择所有像元光照相同。</translation>
  </message>
  <message>
   <source>An abundance map: white is none, full colour is a pixel of nothing else.</source>
   <translation>丰度图：白色为没有，全色表示像元中只有该物质。</translation>
  </message>
  <message>
   <source>An endmember needs a name.</source>
   <translation>端元需要一个名称。</translation>
  </message>
  <message>
   <source>Angle</source>
   <translation>夹角</translation>
  </message>
  <message>
   <source>Another endmember of this result is already called “{}”.</source>
   <translation>此结果中已有另一个端元叫“{}”。</translation>
  </message>
  <message>
   <source>Apply a trained model</source>
   <translation>应用训练好的模型</translation>
  </message>
  <message>
   <source>Archetypes</source>
   <translation>原型</translation>
  </message>
  <message>
   <source>As measured</source>
   <translation>原始测量值</translation>
  </message>
  <message>
   <source>Ask your administrator for it, run pip config set global.cert FILE, and install again.</source>
   <translation>请向管理员索取该证书，运行 pip config set global.cert FILE，然后重新安装。</translation>
  </message>
  <message>
   <source>Asking {}…</source>
   <translation>正在询问 {}…</translation>
  </message>
  <message>
   <source>Automatic</source>
   <translation>自动</translation>
  </message>
  <message>
   <source>Automatic takes a CUDA graphics card where there is one, otherwise the processor. All GPUs: every CUDA card of the computer trains at the same time.</source>
   <translation>“自动”在有 CUDA 显卡时使用显卡，否则使用处理器。“所有 GPU”：本机的每块 CUDA 显卡同时训练。</translation>
  </message>
  <message>
   <source>Automatic: as when the model was trained, so that maps compare. Models of version 0.1.0 did not measure brightness: theirs is measured on this image where areas are asked for.</source>
   <translation>自动：与训练模型时相同，各图因此可以比较。0.1.0 版的模型没有测量亮度：要求面积时在此影像上测量。</translation>
  </message>
  <message>
   <source>Automatic: the image decides, and the log and the report say how.</source>
   <translation>自动：由影像决定，日志和报告会说明结果。</translation>
  </message>
  <message>
   <source>Automatic: the images decide, alike for all images of a model; the log and the report say how.</source>
   <translation>自动：由影像决定，同一模型的所有影像一致；日志和报告会说明结果。</translation>
  </message>
  <message>
   <source>Band</source>
   <translation>波段</translation>
  </message>
  <message>
   <source>Band {}</source>
   <translation>波段 {}</translation>
  </message>
  <message>
   <source>Bands</source>
   <translation>波段</translation>
  </message>
  <message>
   <source>Bands (none selected: all good ones)</source>
   <translation>波段（不选：使用所有完好的波段）</translation>
  </message>
  <message>
   <source>Bands from 1350 to 1450 and from 1800 to 1950 nm, where water vapour absorbs the light. What is noise is measured band by band.</source>
   <translation>1350 至 1450 nm 和 1800 至 1950 nm 的波段，水汽在此吸收光。是否为噪声逐波段测定。</translation>
  </message>
  <message>
   <source>Bands left out</source>
   <translation>排除的波段</translation>
  </message>
  <message>
   <source>Bands of water vapour</source>
   <translation>水汽波段</translation>
  </message>
  <message>
   <source>Bands that were compared</source>
   <translation>参与比较的波段</translation>
  </message>
  <message>
   <source>Bands used</source>
   <translation>使用的波段</translation>
  </message>
  <message>
   <source>Brightness</source>
   <translation>亮度</translation>
  </message>
  <message>
   <source>CPU</source>
   <translation>CPU</translation>
  </message>
  <message>
   <source>CSV files (*.csv)</source>
   <translation>CSV 文件 (*.csv)</translation>
  </message>
  <message>
   <source>CUDA</source>
   <translation>CUDA</translation>
  </message>
  <message>
   <source>Call every endmember by the name of its best match</source>
   <translation>将每个端元命名为与其最匹配的光谱的名称</translation>
  </message>
  <message>
   <source>Call the endmember by the name of the match that is selected</source>
   <translation>用所选匹配的名称命名该端元</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>取消</translation>
  </message>
  <message>
   <source>Cancelled; nothing was written.</source>
   <translation>已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>Change</source>
   <translation>变化</translation>
  </message>
  <message>
   <source>Check a firewall, proxy or virus scanner that looks into connections, and install again.</source>
   <translation>请检查会查看连接内容的防火墙、代理或杀毒软件，然后重新安装。</translation>
  </message>
  <message>
   <source>Check and use</source>
   <translation>检查并使用</translation>
  </message>
  <message>
   <source>Check the network connection, or a firewall or proxy in between, and install again.</source>
   <translation>请检查网络连接或其间的防火墙、代理，然后重新安装。</translation>
  </message>
  <message>
   <source>Checked: shares of the pixel (FCLS). Unchecked: amounts that may add up to anything (NNLS).</source>
   <translation>勾选：占像元的比例 (FCLS)。不勾选：总和可为任意值的量 (NNLS)。</translation>
  </message>
  <message>
   <source>Checking that torch and its companions start</source>
   <translation>正在检查 torch 及其依赖能否启动</translation>
  </message>
  <message>
   <source>Checking {}</source>
   <translation>正在检查 {}</translation>
  </message>
  <message>
   <source>Choose another folder.</source>
   <translation>请选择其他文件夹。</translation>
  </message>
  <message>
   <source>Choose at least one hyperspectral image.</source>
   <translation>请至少选择一幅高光谱影像。</translation>
  </message>
  <message>
   <source>Cleaning: epoch {} of {}</source>
   <translation>去噪：第 {} 轮，共 {} 轮</translation>
  </message>
  <message>
   <source>Click pixels in the map to see what they are made of</source>
   <translation>点击地图中的像元，查看其组成</translation>
  </message>
  <message>
   <source>Click: bring to the front.</source>
   <translation>单击：移到最前。</translation>
  </message>
  <message>
   <source>Click: hide or show.</source>
   <translation>单击：隐藏或显示。</translation>
  </message>
  <message>
   <source>Close other programs and press Install again.</source>
   <translation>请关闭其他程序，然后再次点击“安装”。</translation>
  </message>
  <message>
   <source>Cluster (empty: this computer)</source>
   <translation>集群（留空：本机）</translation>
  </message>
  <message>
   <source>Cluster of AUVAE Unmixing</source>
   <translation>AUVAE 解混的集群</translation>
  </message>
  <message>
   <source>Cluster…</source>
   <translation>集群…</translation>
  </message>
  <message>
   <source>Compare</source>
   <translation>比较</translation>
  </message>
  <message>
   <source>Compare with</source>
   <translation>与之比较</translation>
  </message>
  <message>
   <source>Comparing…</source>
   <translation>正在比较…</translation>
  </message>
  <message>
   <source>Composite</source>
   <translation>合成图</translation>
  </message>
  <message>
   <source>Composite: the colours of the endmembers, mixed by abundance.</source>
   <translation>合成图：端元的颜色按丰度混合。</translation>
  </message>
  <message>
   <source>Compute on</source>
   <translation>计算设备</translation>
  </message>
  <message>
   <source>Computed on</source>
   <translation>计算设备</translation>
  </message>
  <message>
   <source>Continuum removed</source>
   <translation>去除连续统</translation>
  </message>
  <message>
   <source>Copy diagnostics</source>
   <translation>复制诊断信息</translation>
  </message>
  <message>
   <source>Copy the picture</source>
   <translation>复制图片</translation>
  </message>
  <message>
   <source>Copy the values</source>
   <translation>复制数值</translation>
  </message>
  <message>
   <source>Count endmembers</source>
   <translation>估计端元数</translation>
  </message>
  <message>
   <source>Count of materials</source>
   <translation>物质数</translation>
  </message>
  <message>
   <source>Counting the endmembers</source>
   <translation>估计端元数</translation>
  </message>
  <message>
   <source>Counting was cancelled; nothing was written.</source>
   <translation>估计已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>Ctrl-click: only this one.</source>
   <translation>Ctrl+单击：只显示这一条。</translation>
  </message>
  <message>
   <source>Dark pixels are in the shade</source>
   <translation>暗像元处于阴影中</translation>
  </message>
  <message>
   <source>Dark pixels hold dark materials</source>
   <translation>暗像元含有暗物质</translation>
  </message>
  <message>
   <source>Dask scheduler:</source>
   <translation>Dask 调度器：</translation>
  </message>
  <message>
   <source>Debian and Ubuntu: sudo apt install python3-venv; then install again.</source>
   <translation>Debian 和 Ubuntu：sudo apt install python3-venv；然后重新安装。</translation>
  </message>
  <message>
   <source>Default: {}.</source>
   <translation>默认：{}。</translation>
  </message>
  <message>
   <source>Delete the plugin's own environment; results stay</source>
   <translation>删除插件自己的环境；结果会保留</translation>
  </message>
  <message>
   <source>Difference maps</source>
   <translation>差异图</translation>
  </message>
  <message>
   <source>Divided by the norm</source>
   <translation>除以范数</translation>
  </message>
  <message>
   <source>Dominant material</source>
   <translation>主导物质</translation>
  </message>
  <message>
   <source>Dominant material: every pixel in the colour of its largest abundance.</source>
   <translation>主导物质：每个像元取丰度最大者的颜色。</translation>
  </message>
  <message>
   <source>Done: {}</source>
   <translation>完成：{}</translation>
  </message>
  <message>
   <source>Double-click: rename.</source>
   <translation>双击：重命名。</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>草稿</translation>
  </message>
  <message>
   <source>ENVI library (.sli with its .hdr), table (.csv), or GeoPackage with profiles that the EnMAP-Box opens (.gpkg).</source>
   <translation>ENVI 光谱库（.sli 及其 .hdr）、表格 (.csv)，或 EnMAP-Box 可打开的剖面 GeoPackage (.gpkg)。</translation>
  </message>
  <message>
   <source>ENVI spectral libraries (*.sli);;Tables (*.csv);;Profiles of the EnMAP-Box (*.gpkg)</source>
   <translation>ENVI 光谱库 (*.sli);;表格 (*.csv);;EnMAP-Box 剖面 (*.gpkg)</translation>
  </message>
  <message>
   <source>ENVI spectral library (*.sli)</source>
   <translation>ENVI 光谱库 (*.sli)</translation>
  </message>
  <message>
   <source>Endmember</source>
   <translation>端元</translation>
  </message>
  <message>
   <source>Endmember and library spectra</source>
   <translation>端元光谱与库光谱</translation>
  </message>
  <message>
   <source>Endmember spectra</source>
   <translation>端元光谱</translation>
  </message>
  <message>
   <source>Endmembers</source>
   <translation>端元</translation>
  </message>
  <message>
   <source>Endmembers (pale: earlier)</source>
   <translation>端元（浅色：较早）</translation>
  </message>
  <message>
   <source>Endmembers found</source>
   <translation>已找到端元</translation>
  </message>
  <message>
   <source>Estimates how many materials a hyperspectral image is made of.</source>
   <translation>估计一幅高光谱影像由多少种物质组成。</translation>
  </message>
  <message>
   <source>Export endmembers</source>
   <translation>导出端元</translation>
  </message>
  <message>
   <source>Export it first: right-click the layer, Export ▸ Save As…, format GeoTIFF; then unmix the file.</source>
   <translation>请先导出：右键单击图层，“导出 ▸ 另存为…”，格式选 GeoTIFF；然后对该文件解混。</translation>
  </message>
  <message>
   <source>Exporting was cancelled; nothing was written.</source>
   <translation>导出已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>Extent</source>
   <translation>范围</translation>
  </message>
  <message>
   <source>Extract endmembers</source>
   <translation>提取端元</translation>
  </message>
  <message>
   <source>Extracting was cancelled; nothing was written.</source>
   <translation>提取已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>Filter the spectra</source>
   <translation>筛选光谱</translation>
  </message>
  <message>
   <source>Find the materials of a hyperspectral image and how much of each is where</source>
   <translation>找出高光谱影像中的物质，以及各处各占多少</translation>
  </message>
  <message>
   <source>Finds the materials in a hyperspectral image and how much of each is in every pixel.</source>
   <translation>找出高光谱影像中的物质，以及每个像元中各占多少。</translation>
  </message>
  <message>
   <source>Finds the purest spectra of an image, without unmixing it, and writes them as a library.</source>
   <translation>不解混影像，找出其最纯的光谱并写成光谱库。</translation>
  </message>
  <message>
   <source>Fine-tune this model</source>
   <translation>微调此模型</translation>
  </message>
  <message>
   <source>Fit, warnings and areas of two results</source>
   <translation>两个结果的拟合、警告与面积</translation>
  </message>
  <message>
   <source>Folder to keep the result in</source>
   <translation>保存结果的文件夹</translation>
  </message>
  <message>
   <source>Forget the pixels</source>
   <translation>清除像元</translation>
  </message>
  <message>
   <source>Free some space and install again.</source>
   <translation>请腾出一些空间，然后重新安装。</translation>
  </message>
  <message>
   <source>From how many random directions the image is looked at.</source>
   <translation>从多少个随机方向查看影像。</translation>
  </message>
  <message>
   <source>GPUs</source>
   <translation>GPU</translation>
  </message>
  <message>
   <source>Go there in the map, and probe it</source>
   <translation>在地图中前往该处并探查</translation>
  </message>
  <message>
   <source>Graphics card: {} ({} GiB), driver {}.</source>
   <translation>显卡：{}（{} GiB），驱动程序 {}。</translation>
  </message>
  <message>
   <source>Help</source>
   <translation>帮助</translation>
  </message>
  <message>
   <source>Hide</source>
   <translation>隐藏</translation>
  </message>
  <message>
   <source>High</source>
   <translation>高</translation>
  </message>
  <message>
   <source>How far known spectra may change (0: not at all, 1: freely)</source>
   <translation>已知光谱可变化的程度（0：不变，1：自由变化）</translation>
  </message>
  <message>
   <source>How far the image may pull the known spectra away: 0 leaves them as they are, 1 takes them as a start only. In between, each is that much of what the image says and the rest as it was given.</source>
   <translation>影像可以把已知光谱拉开多远：0 保持不变，1 只作为起点。介于其间时，每条光谱按该比例取影像所示，其余按给定的值。</translation>
  </message>
  <message>
   <source>How long the network trains.</source>
   <translation>网络训练多久。</translation>
  </message>
  <message>
   <source>How long the network trains. Draft: a first look. Standard: results to keep. High: the last digits.</source>
   <translation>网络训练多久。草稿：先看一眼。标准：值得保留的结果。高：追求最后几位精度。</translation>
  </message>
  <message>
   <source>How many materials the image is made of, shade included, from 2 to 30. 0: estimate it from the image, with rare materials, so that targets of a few pixels are found, too. For a map of what covers the land alone, type the number without rare materials, which the log says and Count endmembers gives. See the help on how to choose it.</source>
   <translation>影像由多少种物质组成（包括阴影），2 到 30。0：由影像估计，包含稀少物质，因此也能找到只有几个像元的目标。若只要地表覆盖图，请填不含稀少物质的数目，日志和“估计端元数”都会给出。如何选择请看帮助。</translation>
  </message>
  <message>
   <source>How many materials the image is made of, shade included, from 2 to 30. 0: estimate it.</source>
   <translation>影像由多少种物质组成（包括阴影），2 到 30。0：自动估计。</translation>
  </message>
  <message>
   <source>How many materials the images hold together, from 2 to 30. 0: estimate it, rare ones too.</source>
   <translation>所有影像合起来由多少种物质组成，从 2 到 30。0：自动估计，包含稀少的物质。</translation>
  </message>
  <message>
   <source>How many spectra to find, from 2 to 30. Count endmembers estimates it.</source>
   <translation>要找出多少条光谱，2 到 30。“估计端元数”可估计它。</translation>
  </message>
  <message>
   <source>How much of each known spectrum is in every pixel, by fully constrained least squares.</source>
   <translation>用全约束最小二乘法求每个像元中各已知光谱所占的量。</translation>
  </message>
  <message>
   <source>How the network was trained</source>
   <translation>网络的训练过程</translation>
  </message>
  <message>
   <source>How the spectra are shown</source>
   <translation>光谱的显示方式</translation>
  </message>
  <message>
   <source>How the spectra are sought: see the help.</source>
   <translation>寻找光谱的方法：见帮助。</translation>
  </message>
  <message>
   <source>HySime</source>
   <translation>HySime</translation>
  </message>
  <message>
   <source>Hyperspectral image</source>
   <translation>高光谱影像</translation>
  </message>
  <message>
   <source>Hyperspectral images</source>
   <translation>高光谱影像（多幅）</translation>
  </message>
  <message>
   <source>Hyperspectral images ({})</source>
   <translation>高光谱影像 ({})</translation>
  </message>
  <message>
   <source>If that does not help, report it with the lines above.</source>
   <translation>如果没有帮助，请附上以上各行报告此问题。</translation>
  </message>
  <message>
   <source>Image misfit</source>
   <translation>影像误差</translation>
  </message>
  <message>
   <source>Images that could not be unmixed</source>
   <translation>未能解混的影像数</translation>
  </message>
  <message>
   <source>Images unmixed</source>
   <translation>已解混的影像数</translation>
  </message>
  <message>
   <source>Inspect bands</source>
   <translation>检查波段</translation>
  </message>
  <message>
   <source>Inspecting was cancelled; nothing was written.</source>
   <translation>检查已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>Install</source>
   <translation>安装</translation>
  </message>
  <message>
   <source>Install NVIDIA's current driver and press Repair; until then unmixing runs on the processor.</source>
   <translation>请安装 NVIDIA 的最新驱动程序并按“修复”；在此之前解混在处理器上运行。</translation>
  </message>
  <message>
   <source>Install a {} for a 64-bit system and install again (torch has no builds for Intel Macs).</source>
   <translation>请安装 64 位系统的 {}，然后重新安装（torch 没有适用于 Intel Mac 的版本）。</translation>
  </message>
  <message>
   <source>Install one (python.org, or your system's packages) and try again, or name a Python that has torch and rasterio in {}.</source>
   <translation>请安装一个（python.org，或系统的软件包）后重试，或在 {} 中指定装有 torch 和 rasterio 的 Python。</translation>
  </message>
  <message>
   <source>Install the Visual C++ Redistributable (x64) from microsoft.com, restart QGIS, and try again.</source>
   <translation>请从 microsoft.com 安装 Visual C++ Redistributable (x64)，重新启动 QGIS，然后重试。</translation>
  </message>
  <message>
   <source>Install {} (python.org) and install again.</source>
   <translation>请安装 {}（python.org），然后重新安装。</translation>
  </message>
  <message>
   <source>Install {} for a 64-bit system: all packages come ready made for it. Then install again.</source>
   <translation>请安装 64 位系统的 {}：所有软件包都有现成的版本。然后重新安装。</translation>
  </message>
  <message>
   <source>Install, check or remove the environment that unmixing computes in</source>
   <translation>安装、检查或移除解混所用的计算环境</translation>
  </message>
  <message>
   <source>Installing the command auvae</source>
   <translation>正在安装命令 auvae</translation>
  </message>
  <message>
   <source>Installing the environment of AUVAE Unmixing</source>
   <translation>正在安装 AUVAE Unmixing 的环境</translation>
  </message>
  <message>
   <source>Installing torch and its companions (pip, as your pip settings say)</source>
   <translation>正在安装 torch 及其依赖（pip，按您的 pip 设置）</translation>
  </message>
  <message>
   <source>Installing torch and its companions from {}</source>
   <translation>正在从 {} 安装 torch 及其依赖</translation>
  </message>
  <message>
   <source>Installing torch from PyTorch's own index, as the graphics card needs it</source>
   <translation>正在按显卡的需要从 PyTorch 自己的软件源安装 torch</translation>
  </message>
  <message>
   <source>Installing torch's companions and the installer uv from the Python Package Index, by their hashes</source>
   <translation>正在从 Python 软件包索引按哈希值安装 torch 的依赖和安装程序 uv</translation>
  </message>
  <message>
   <source>Its driver is too old for PyTorch's CUDA: install NVIDIA's current one first.</source>
   <translation>其驱动程序对 PyTorch 的 CUDA 来说太旧：请先安装 NVIDIA 的最新驱动程序。</translation>
  </message>
  <message>
   <source>Joining the blocks</source>
   <translation>合并各块</translation>
  </message>
  <message>
   <source>Keep</source>
   <translation>保留</translation>
  </message>
  <message>
   <source>Keep pixels with one impossible value</source>
   <translation>保留全波段为同一不可能值的像元</translation>
  </message>
  <message>
   <source>Keep…</source>
   <translation>保存…</translation>
  </message>
  <message>
   <source>Known places</source>
   <translation>已知地点</translation>
  </message>
  <message>
   <source>Known spectra</source>
   <translation>已知光谱</translation>
  </message>
  <message>
   <source>Largest abundance</source>
   <translation>最大丰度</translation>
  </message>
  <message>
   <source>Largest count</source>
   <translation>最大次数</translation>
  </message>
  <message>
   <source>Leave it at AUVAE-Net for results. The published networks are there to compare with and to reproduce papers. Known to be wrong with them: they see one pixel at a time; their angle is averaged over bands, so it is near 90 degrees for a perfect fit; a layer behind the decoder (AAE-Net has none) loosens the spectra from the image; abundances are held against normally distributed numbers; their uncertainty is not usable. They were given the true endmembers; here VCA stands in.</source>
   <translation>要得到结果请保持 AUVAE-Net。已发表的网络用于比较和复现论文。它们已知的问题：每次只看一个像元；其夹角对波段取平均，因此拟合完美时也接近 90 度；解码器之后的一层（AAE-Net 没有）使光谱与影像的联系松动；丰度与正态分布的数相比；其不确定度不可用。它们原本使用了真实端元；这里用 VCA 代替。</translation>
  </message>
  <message>
   <source>Leave out</source>
   <translation>排除</translation>
  </message>
  <message>
   <source>Leave out if mostly noise</source>
   <translation>主要为噪声时排除</translation>
  </message>
  <message>
   <source>Left empty: this computer. “cluster”: the Dask scheduler set in Plugins ▸ AUVAE Unmixing ▸ Cluster…. Or a scheduler's address, such as tcp://host:8786 or tls://host:8786.</source>
   <translation>留空：本机。“cluster”：在“插件 ▸ AUVAE Unmixing ▸ 集群…”中设置的 Dask 调度器。或调度器的地址，如 tcp://host:8786 或 tls://host:8786。</translation>
  </message>
  <message>
   <source>Library</source>
   <translation>光谱库</translation>
  </message>
  <message>
   <source>Lists which bands of a hyperspectral image are used, which are left out, and why.</source>
   <translation>列出高光谱影像的哪些波段被使用、哪些被排除及其原因。</translation>
  </message>
  <message>
   <source>Load PyTorch ahead, when an image or a dialog of the plugin is opened</source>
   <translation>打开影像或插件的对话框时预先载入 PyTorch</translation>
  </message>
  <message>
   <source>Load a library
to name the endmembers by.</source>
   <translation>载入光谱库，
用来给端元命名。</translation>
  </message>
  <message>
   <source>Load spectral libraries</source>
   <translation>载入光谱库</translation>
  </message>
  <message>
   <source>Load this result's abundance minus the other's, for every shared material</source>
   <translation>对每种共有物质，载入此结果的丰度减去另一结果的丰度</translation>
  </message>
  <message>
   <source>Looking at the scene</source>
   <translation>查看影像</translation>
  </message>
  <message>
   <source>Looking at the scenes</source>
   <translation>查看各影像</translation>
  </message>
  <message>
   <source>Looking for a graphics card</source>
   <translation>正在查找显卡</translation>
  </message>
  <message>
   <source>Looking for a graphics card…</source>
   <translation>正在查找显卡…</translation>
  </message>
  <message>
   <source>Looking for endmembers in the cleaned scene</source>
   <translation>在去噪后的影像中寻找端元</translation>
  </message>
  <message>
   <source>Looking for reference endmembers (VCA)</source>
   <translation>寻找参考端元（VCA）</translation>
  </message>
  <message>
   <source>Looking for the purest spectra</source>
   <translation>寻找最纯的光谱</translation>
  </message>
  <message>
   <source>Losses and moving endmembers</source>
   <translation>损失与变化中的端元</translation>
  </message>
  <message>
   <source>Make an environment in a folder with a plain name, such as C:\auvae, and name it in Set up.</source>
   <translation>请在名称简单的文件夹（如 C:\auvae）中建立环境，并在“设置”中指定它。</translation>
  </message>
  <message>
   <source>Makes classes of abundances: the largest one of every pixel.</source>
   <translation>由丰度生成分类：每个像元取最大者。</translation>
  </message>
  <message>
   <source>Making an environment with {}</source>
   <translation>正在用 {} 建立环境</translation>
  </message>
  <message>
   <source>Many pixels that hold one impossible value in all bands, such as -9999, are taken for no-data that the file does not declare, and the log says so. Tick this where they were measured.</source>
   <translation>若许多像元在所有波段都是同一个不可能的值（如 -9999），则视为文件未声明的无数据，并在日志中说明。若它们确为测量值，请勾选此项。</translation>
  </message>
  <message>
   <source>Mapping</source>
   <translation>计算丰度图</translation>
  </message>
  <message>
   <source>Mapping the scene</source>
   <translation>计算丰度图</translation>
  </message>
  <message>
   <source>Maps an image with a trained model: the same endmembers, in the same order, no training.</source>
   <translation>用训练好的模型对影像制图：端元相同、顺序相同，无需训练。</translation>
  </message>
  <message>
   <source>Maps how often each pixel is extreme in random projections: where pure pixels are.</source>
   <translation>显示每个像元在随机投影中位于端点的次数：纯像元在哪里。</translation>
  </message>
  <message>
   <source>Mask</source>
   <translation>掩膜</translation>
  </message>
  <message>
   <source>Matches and library spectra</source>
   <translation>匹配与库光谱</translation>
  </message>
  <message>
   <source>Materials as polygons</source>
   <translation>物质多边形</translation>
  </message>
  <message>
   <source>Mean abundance</source>
   <translation>平均丰度</translation>
  </message>
  <message>
   <source>Mean angle (radians)</source>
   <translation>平均夹角（弧度）</translation>
  </message>
  <message>
   <source>Mean spectral angle, in radians</source>
   <translation>平均光谱角（弧度）</translation>
  </message>
  <message>
   <source>Measuring brightness and signal subspace</source>
   <translation>测量亮度与信号子空间</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>内存</translation>
  </message>
  <message>
   <source>Method</source>
   <translation>方法</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>模型</translation>
  </message>
  <message>
   <source>More than {} images: none is loaded; open those you want from {}.</source>
   <translation>影像超过 {} 幅：不自动加载；请从 {} 打开所需的影像。</translation>
  </message>
  <message>
   <source>Name a Dask cluster for many scenes, and see who works there</source>
   <translation>为多景影像指定 Dask 集群，并查看其中的工作进程</translation>
  </message>
  <message>
   <source>Name all</source>
   <translation>全部命名</translation>
  </message>
  <message>
   <source>Name of the endmember</source>
   <translation>端元名称</translation>
  </message>
  <message>
   <source>Name of the material</source>
   <translation>物质名称</translation>
  </message>
  <message>
   <source>Names of spectra in the library, with commas between. Left empty: all of them.</source>
   <translation>光谱库中光谱的名称，用逗号分隔。留空：全部。</translation>
  </message>
  <message>
   <source>Names of the classes, as a JSON list</source>
   <translation>各类的名称（JSON 列表）</translation>
  </message>
  <message>
   <source>Names of the known spectra to use (empty: all)</source>
   <translation>所用已知光谱的名称（留空：全部）</translation>
  </message>
  <message>
   <source>Network</source>
   <translation>网络</translation>
  </message>
  <message>
   <source>No NVIDIA graphics card was found: unmixing will run on the processor.</source>
   <translation>未找到 NVIDIA 显卡：解混将在处理器上运行。</translation>
  </message>
  <message>
   <source>No browser opens “{}”.</source>
   <translation>没有浏览器能打开“{}”。</translation>
  </message>
  <message>
   <source>No cluster is set: give its scheduler's address in Plugins ▸ AUVAE Unmixing ▸ Cluster….</source>
   <translation>尚未设置集群：请在“插件 ▸ AUVAE Unmixing ▸ 集群…”中填写调度器的地址。</translation>
  </message>
  <message>
   <source>No data in this pixel (row {}, column {}).</source>
   <translation>此像元无数据（第 {} 行，第 {} 列）。</translation>
  </message>
  <message>
   <source>No hectares: {}</source>
   <translation>没有公顷数：{}</translation>
  </message>
  <message>
   <source>No secure connection to the package index could be made (TLS).</source>
   <translation>无法与软件包索引建立安全连接（TLS）。</translation>
  </message>
  <message>
   <source>No {} was found to make the environment from: {}.</source>
   <translation>未找到可用来建立环境的 {}，只找到：{}。</translation>
  </message>
  <message>
   <source>Nothing can be written to “{}”: choose another result folder.</source>
   <translation>无法写入“{}”：请另选结果文件夹。</translation>
  </message>
  <message>
   <source>Nothing is known: choose a library of spectra, a layer of places, or both.</source>
   <translation>没有任何已知内容：请选择光谱库、地点图层，或两者。</translation>
  </message>
  <message>
   <source>Nothing was removed.</source>
   <translation>未移除任何内容。</translation>
  </message>
  <message>
   <source>Number of endmembers</source>
   <translation>端元数</translation>
  </message>
  <message>
   <source>Number of endmembers (0: estimate it)</source>
   <translation>端元数（0：自动估计）</translation>
  </message>
  <message>
   <source>Number of endmembers, estimated</source>
   <translation>端元数（估计值）</translation>
  </message>
  <message>
   <source>Number of the endmember</source>
   <translation>端元编号</translation>
  </message>
  <message>
   <source>Number with rare materials</source>
   <translation>含稀少物质的端元数</translation>
  </message>
  <message>
   <source>Number without rare materials</source>
   <translation>不含稀少物质的端元数</translation>
  </message>
  <message>
   <source>On a cluster, use workers without GPU too</source>
   <translation>在集群上也使用没有 GPU 的工作进程</translation>
  </message>
  <message>
   <source>One for all images</source>
   <translation>所有影像一个</translation>
  </message>
  <message>
   <source>One for all: the same endmembers in every image. One for each: as if unmixed alone.</source>
   <translation>所有影像一个：每幅影像的端元相同。每幅影像一个：如同各自单独解混。</translation>
  </message>
  <message>
   <source>One for each image</source>
   <translation>每幅影像一个</translation>
  </message>
  <message>
   <source>One of the packages does not exist for this Python or this kind of machine.</source>
   <translation>有软件包不支持此 Python 或此类机器。</translation>
  </message>
  <message>
   <source>One of: {}.</source>
   <translation>可选：{}。</translation>
  </message>
  <message>
   <source>Only this one</source>
   <translation>只显示这一条</translation>
  </message>
  <message>
   <source>Open an image in true colour</source>
   <translation>以真彩色打开影像</translation>
  </message>
  <message>
   <source>Open hyperspectral image</source>
   <translation>打开高光谱影像</translation>
  </message>
  <message>
   <source>Open hyperspectral image…</source>
   <translation>打开高光谱影像…</translation>
  </message>
  <message>
   <source>Open the help of AUVAE Unmixing in the browser; it needs no network</source>
   <translation>在浏览器中打开 AUVAE Unmixing 的帮助；不需要网络</translation>
  </message>
  <message>
   <source>Open the report of this result in the browser</source>
   <translation>在浏览器中打开此结果的报告</translation>
  </message>
  <message>
   <source>Optional.</source>
   <translation>可选项。</translation>
  </message>
  <message>
   <source>Or use a Python you already have</source>
   <translation>或使用您已有的 Python</translation>
  </message>
  <message>
   <source>Other</source>
   <translation>另一个</translation>
  </message>
  <message>
   <source>Outputs</source>
   <translation>输出</translation>
  </message>
  <message>
   <source>PNG image (*.png)</source>
   <translation>PNG 图像 (*.png)</translation>
  </message>
  <message>
   <source>Parameters</source>
   <translation>参数</translation>
  </message>
  <message>
   <source>Picks one endmember's map out of a result, by name or number.</source>
   <translation>按名称或编号从结果中取出一个端元的图。</translation>
  </message>
  <message>
   <source>Pixels</source>
   <translation>像元</translation>
  </message>
  <message>
   <source>Pixels in which no material has at least this share get no polygon.</source>
   <translation>没有任何物质达到此比例的像元不生成多边形。</translation>
  </message>
  <message>
   <source>Pixels that are extreme</source>
   <translation>位于端点的像元</translation>
  </message>
  <message>
   <source>Pixels whose largest abundance is smaller get no class. 0: all get one.</source>
   <translation>最大丰度小于此值的像元不归类。0：全部归类。</translation>
  </message>
  <message>
   <source>Place {}</source>
   <translation>地点 {}</translation>
  </message>
  <message>
   <source>Place, apart from the Python of QGIS: {}</source>
   <translation>位置（与 QGIS 的 Python 分开）：{}</translation>
  </message>
  <message>
   <source>Points or polygons where a material is pure, in any coordinate system; only those selected, where some are. Their field “name” says which material; the mean of its pixels is its spectrum. A place whose pixels differ much is reported.</source>
   <translation>物质纯净处的点或多边形，任意坐标系；若有选中的则只用选中的。其字段“name”说明是哪种物质；其像元的平均值就是光谱。像元差别很大的地点会被报告。</translation>
  </message>
  <message>
   <source>Polygons of materials</source>
   <translation>物质多边形</translation>
  </message>
  <message>
   <source>Posterior standard deviation of each abundance, one band an endmember. The layer's styles show one endmember each.</source>
   <translation>各丰度的后验标准差，每个波段一个端元。图层的每个样式显示一个端元。</translation>
  </message>
  <message>
   <source>Power of signal and noise in the directions that HySime looks at.</source>
   <translation>HySime 所看各方向上信号与噪声的功率。</translation>
  </message>
  <message>
   <source>Press Install again. If it happens twice, a mirror or proxy in between changes packages: ask who runs it.</source>
   <translation>请再次点击“安装”。若再次发生，说明中间的镜像或代理改动了软件包：请询问其管理者。</translation>
  </message>
  <message>
   <source>Press Install again: pip keeps what has arrived whole.</source>
   <translation>请再次点击“安装”：pip 会保留已完整收到的部分。</translation>
  </message>
  <message>
   <source>Press “Probe” and click a pixel in the map; further clicks are compared with it.</source>
   <translation>按“探测”，再点击地图中的一个像元；之后点击的像元会与它比较。</translation>
  </message>
  <message>
   <source>Probe</source>
   <translation>探测</translation>
  </message>
  <message>
   <source>Probe pixels</source>
   <translation>探测像元</translation>
  </message>
  <message>
   <source>Profiles of the EnMAP-Box (*.gpkg);;ENVI spectral libraries (*.sli);;Tables (*.csv)</source>
   <translation>EnMAP-Box 剖面 (*.gpkg);;ENVI 光谱库 (*.sli);;表格 (*.csv)</translation>
  </message>
  <message>
   <source>Projections</source>
   <translation>投影数</translation>
  </message>
  <message>
   <source>Purest pixel: {}</source>
   <translation>最纯像元：{}</translation>
  </message>
  <message>
   <source>Purest pixels</source>
   <translation>最纯像元</translation>
  </message>
  <message>
   <source>Purity</source>
   <translation>纯度</translation>
  </message>
  <message>
   <source>Purity map (PPI)</source>
   <translation>纯度图 (PPI)</translation>
  </message>
  <message>
   <source>PyTorch (build for {}), NumPy, SciPy, Rasterio, Safetensors: {:.1f} GiB to download, {:.1f} GiB on disk.</source>
   <translation>PyTorch（{} 版本）、NumPy、SciPy、Rasterio、Safetensors：下载 {:.1f} GiB，占用磁盘 {:.1f} GiB。</translation>
  </message>
  <message>
   <source>Python {}, torch {}</source>
   <translation>Python {}，torch {}</translation>
  </message>
  <message>
   <source>QGIS cannot read single pixels of “{}”, so its spectrum is not shown.</source>
   <translation>QGIS 无法读取“{}”的单个像元，因此不显示其光谱。</translation>
  </message>
  <message>
   <source>QGIS cannot show “{}”. Unmix reads the products of more sensors: it is chosen there.</source>
   <translation>QGIS 无法显示“{}”。“解混”能读取更多传感器的产品：已在其中选中它。</translation>
  </message>
  <message>
   <source>QGIS with a result: layers, map and the dock with its spectra.</source>
   <translation>QGIS 中的一个结果：图层、地图和显示光谱的停靠面板。</translation>
  </message>
  <message>
   <source>QGIS writes no raster with the ending of “{}”. Choose a name that ends in .tif.</source>
   <translation>QGIS 不能写出以“{}”的扩展名结尾的栅格。请选择以 .tif 结尾的名称。</translation>
  </message>
  <message>
   <source>Quality</source>
   <translation>质量</translation>
  </message>
  <message>
   <source>RMSE</source>
   <translation>均方根误差</translation>
  </message>
  <message>
   <source>RMSE of the reconstruction, in the raster's unit</source>
   <translation>重构的均方根误差（栅格单位）</translation>
  </message>
  <message>
   <source>Radiance</source>
   <translation>辐亮度</translation>
  </message>
  <message>
   <source>Reading the result</source>
   <translation>读取结果</translation>
  </message>
  <message>
   <source>Reading the scene</source>
   <translation>读取影像</translation>
  </message>
  <message>
   <source>Ready. Unmixing runs in {}</source>
   <translation>就绪。解混运行于 {}</translation>
  </message>
  <message>
   <source>Reconstruction error</source>
   <translation>重构误差</translation>
  </message>
  <message>
   <source>Reconstruction error: red where a material has no endmember, or light is weak.</source>
   <translation>重构误差：红色处的像元没有端元能够解释。</translation>
  </message>
  <message>
   <source>Reflectance</source>
   <translation>反射率</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>移除</translation>
  </message>
  <message>
   <source>Remove the libraries</source>
   <translation>移除光谱库</translation>
  </message>
  <message>
   <source>Removing the environment</source>
   <translation>正在移除环境</translation>
  </message>
  <message>
   <source>Rename the endmember</source>
   <translation>重命名端元</translation>
  </message>
  <message>
   <source>Rename…</source>
   <translation>重命名…</translation>
  </message>
  <message>
   <source>Repair</source>
   <translation>修复</translation>
  </message>
  <message>
   <source>Report</source>
   <translation>报告</translation>
  </message>
  <message>
   <source>Report of all images</source>
   <translation>所有影像的报告</translation>
  </message>
  <message>
   <source>Residual</source>
   <translation>残差</translation>
  </message>
  <message>
   <source>Result folder</source>
   <translation>结果文件夹</translation>
  </message>
  <message>
   <source>Results</source>
   <translation>结果</translation>
  </message>
  <message>
   <source>Results are missing or damaged: {}. Connect their drive, or remove the layers.</source>
   <translation>此项目的结果不存在或已损坏：{}。请连接其所在的驱动器，或移除这些图层。</translation>
  </message>
  <message>
   <source>Results in the project</source>
   <translation>工程中的结果</translation>
  </message>
  <message>
   <source>Run pip config set global.proxy http://HOST:PORT in a terminal (with your name and password before HOST where it asks for them) and install again.</source>
   <translation>请在终端中运行 pip config set global.proxy http://HOST:PORT（若需要认证，请在 HOST 前加上用户名和密码），然后重新安装。</translation>
  </message>
  <message>
   <source>Run then begins at once. It takes some 300 MB of memory for three minutes.</source>
   <translation>这样点击“运行”后立即开始。会占用约 300 MB 内存三分钟。</translation>
  </message>
  <message>
   <source>SVG drawing (*.svg)</source>
   <translation>SVG 图形 (*.svg)</translation>
  </message>
  <message>
   <source>Save as PNG, SVG, CSV or ENVI library…</source>
   <translation>另存为 PNG、SVG、CSV 或 ENVI 光谱库…</translation>
  </message>
  <message>
   <source>Save the plot</source>
   <translation>保存图形</translation>
  </message>
  <message>
   <source>Saved as {}.</source>
   <translation>已保存为 {}。</translation>
  </message>
  <message>
   <source>Scene</source>
   <translation>影像</translation>
  </message>
  <message>
   <source>See that you may write there, make an exception for it in the virus scanner, and install again.</source>
   <translation>请确认您有写入权限，并在杀毒软件中为其添加例外，然后重新安装。</translation>
  </message>
  <message>
   <source>Seed</source>
   <translation>随机种子</translation>
  </message>
  <message>
   <source>Select a map of an unmixing result first.</source>
   <translation>请先选择一个解混结果的图。</translation>
  </message>
  <message>
   <source>Sensor, where it was recognised</source>
   <translation>传感器（若能识别）</translation>
  </message>
  <message>
   <source>Set up AUVAE Unmixing</source>
   <translation>设置 AUVAE Unmixing</translation>
  </message>
  <message>
   <source>Set up…</source>
   <translation>设置…</translation>
  </message>
  <message>
   <source>Share of pixels in which it is the largest</source>
   <translation>该端元丰度最大的像元比例</translation>
  </message>
  <message>
   <source>Share of pixels without data</source>
   <translation>无数据像元的比例</translation>
  </message>
  <message>
   <source>Show</source>
   <translation>显示</translation>
  </message>
  <message>
   <source>Show all</source>
   <translation>全部显示</translation>
  </message>
  <message>
   <source>Show all of the plot (Home)</source>
   <translation>显示整个图形 (Home)</translation>
  </message>
  <message>
   <source>Show all, copy, save</source>
   <translation>显示全部、复制、保存</translation>
  </message>
  <message>
   <source>Show or hide the spectra of a result, its probe, library and training</source>
   <translation>显示或隐藏结果的光谱、探测、光谱库和训练</translation>
  </message>
  <message>
   <source>Smallest abundance that counts</source>
   <translation>计入的最小丰度</translation>
  </message>
  <message>
   <source>Spectra</source>
   <translation>光谱</translation>
  </message>
  <message>
   <source>Spectra and abundances of pixels</source>
   <translation>像元的光谱与丰度</translation>
  </message>
  <message>
   <source>Spectra of two results</source>
   <translation>两个结果的光谱</translation>
  </message>
  <message>
   <source>Spectral angle (radians)</source>
   <translation>光谱角（弧度）</translation>
  </message>
  <message>
   <source>Spectral angle between each pixel and its reconstruction, in radians.</source>
   <translation>每个像元与其重构之间的光谱角（弧度）。</translation>
  </message>
  <message>
   <source>Spectral angle to the endmember, in radians: 0 is the same shape</source>
   <translation>与端元的光谱角（弧度）：0 表示形状相同</translation>
  </message>
  <message>
   <source>Spectral libraries (*.sli *.hdr *.csv *.txt *.asd *.sig *.gpkg *.geojson *)</source>
   <translation>光谱库 (*.sli *.hdr *.csv *.txt *.asd *.sig *.gpkg *.geojson *)</translation>
  </message>
  <message>
   <source>Spectral libraries ({})</source>
   <translation>光谱库 ({})</translation>
  </message>
  <message>
   <source>Spectral library</source>
   <translation>光谱库</translation>
  </message>
  <message>
   <source>Spectrum</source>
   <translation>光谱</translation>
  </message>
  <message>
   <source>Spread</source>
   <translation>离散度</translation>
  </message>
  <message>
   <source>Standard</source>
   <translation>标准</translation>
  </message>
  <message>
   <source>Standard deviation</source>
   <translation>标准差</translation>
  </message>
  <message>
   <source>Standard deviation of the {} purest pixels of each endmember, as bright as it is. The least pure of them holds {:.0%}.</source>
   <translation>每个端元最纯的 {} 个像元的标准差，亮度调整到与端元相同。其中最不纯的含 {:.0%}。</translation>
  </message>
  <message>
   <source>Start of the random numbers. The same seed, image and settings on one device give the same result.</source>
   <translation>随机数的起点。在同一设备上，相同的种子、影像和设置得到相同的结果。</translation>
  </message>
  <message>
   <source>Starting PyTorch…</source>
   <translation>正在启动 PyTorch…</translation>
  </message>
  <message>
   <source>State</source>
   <translation>状态</translation>
  </message>
  <message>
   <source>Stop any unmixing that is running and press Remove again.</source>
   <translation>请停止正在运行的解混，然后再次按“移除”。</translation>
  </message>
  <message>
   <source>Stop any unmixing that is running, see that you may write there, and install again.</source>
   <translation>请停止正在运行的解混，确认您有写入权限，然后重新安装。</translation>
  </message>
  <message>
   <source>Table (*.csv)</source>
   <translation>表格 (*.csv)</translation>
  </message>
  <message>
   <source>Table of areas</source>
   <translation>面积表</translation>
  </message>
  <message>
   <source>Table of bands</source>
   <translation>波段表</translation>
  </message>
  <message>
   <source>Take this pixel for pure: the next Unmix keeps its spectrum as an endmember</source>
   <translation>把此像元当作纯像元：下一次解混将其光谱保留为端元</translation>
  </message>
  <message>
   <source>Telling them apart</source>
   <translation>判别两者</translation>
  </message>
  <message>
   <source>Test</source>
   <translation>测试</translation>
  </message>
  <message>
   <source>The HDF5 library does not come to an end with this file: it is damaged. Download it again.</source>
   <translation>HDF5 库无法读完此文件：文件已损坏。请重新下载。</translation>
  </message>
  <message>
   <source>The Python environment in {} was made for another version of this plugin</source>
   <translation>{} 中的 Python 环境是为此插件的另一版本建立的</translation>
  </message>
  <message>
   <source>The Python environment with torch is not installed yet</source>
   <translation>装有 torch 的 Python 环境尚未安装</translation>
  </message>
  <message>
   <source>The Python named {}, {}, is not a Python program that can be started: correct it in {}, or clear it and press Install there.</source>
   <translation>由 {} 指定的 Python（{}）不是可以启动的 Python 程序：请在 {} 中更正，或清除它并在那里按“安装”。</translation>
  </message>
  <message>
   <source>The Python that the environment in {} was made from is gone</source>
   <translation>建立 {} 中环境所用的 Python 已不存在</translation>
  </message>
  <message>
   <source>The Python “{}” could not be started ({}): name another in {}.</source>
   <translation>无法启动 Python“{}”（{}）：请在 {} 中指定另一个。</translation>
  </message>
  <message>
   <source>The Python “{}” does not answer as the unmixing process should: name another in {}.</source>
   <translation>Python“{}”没有像解混进程那样应答：请在 {} 中指定另一个。</translation>
  </message>
  <message>
   <source>The Python “{}” has no {}, which unmixing needs: open {} and press Install.</source>
   <translation>Python“{}”没有解混所需的 {}：请打开 {} 并按“安装”。</translation>
  </message>
  <message>
   <source>The abundances could not be written to “{}” ({}). The complete result is in “{}”.</source>
   <translation>丰度无法写入“{}”（{}）。完整的结果在“{}”中。</translation>
  </message>
  <message>
   <source>The bands as a table: number, wavelength, width, whether used, reason, mean.</source>
   <translation>波段表：编号、波长、宽度、是否使用、原因、平均值。</translation>
  </message>
  <message>
   <source>The bands to use, whatever is said of them. Left empty: all but those flagged bad in the header or the product, empty ones, and those of Bands of water vapour.</source>
   <translation>要使用的波段，无论如何标记。留空：除头文件或产品标记为坏的波段、空波段以及“水汽波段”所指波段之外的全部波段。</translation>
  </message>
  <message>
   <source>The classes could not be written to “{}” ({}). Choose another place.</source>
   <translation>分类无法写入“{}”（{}）。请选择其他位置。</translation>
  </message>
  <message>
   <source>The colours of the endmembers, mixed in every pixel by their abundances.</source>
   <translation>端元颜色，在每个像元中按丰度混合。</translation>
  </message>
  <message>
   <source>The connection to the package index was cut.</source>
   <translation>与软件包索引的连接中断了。</translation>
  </message>
  <message>
   <source>The diagnostics are in the clipboard.</source>
   <translation>诊断信息已复制到剪贴板。</translation>
  </message>
  <message>
   <source>The disk is full.</source>
   <translation>磁盘已满。</translation>
  </message>
  <message>
   <source>The endmember with the largest abundance of every pixel, as classes.</source>
   <translation>每个像元中丰度最大的端元，作为类别。</translation>
  </message>
  <message>
   <source>The endmember's name or its number, which begins at 1.</source>
   <translation>端元的名称或编号（从 1 开始）。</translation>
  </message>
  <message>
   <source>The endmembers come with the training</source>
   <translation>端元随训练出现</translation>
  </message>
  <message>
   <source>The environment takes about {:.1f} GiB; {} has {:.1f} GiB left.</source>
   <translation>环境约占 {:.1f} GiB；{} 剩余 {:.1f} GiB。</translation>
  </message>
  <message>
   <source>The file model.auvae in the folder of a result.</source>
   <translation>结果文件夹中的文件 model.auvae。</translation>
  </message>
  <message>
   <source>The file to write; its ending says in which format.</source>
   <translation>要写出的文件；其扩展名决定格式。</translation>
  </message>
  <message>
   <source>The folder for maps, spectra, report and model of the unmixing.</source>
   <translation>存放解混所得的图、光谱、报告和模型的文件夹。</translation>
  </message>
  <message>
   <source>The folder for maps, spectra, report and model. A new or empty folder, or one with an earlier result of this scene: that is replaced once the new one is complete. In a batch write {} where the name of each scene is to stand, as in results/{}, and fill that down.</source>
   <translation>存放图、光谱、报告和模型的文件夹。可以是新文件夹、空文件夹或含有此影像早先结果的文件夹：新结果完整后才替换旧结果。批处理时，在应出现各影像名称的位置写 {}，如 results/{}，并向下填充。</translation>
  </message>
  <message>
   <source>The folder for the results of all images, the summary and the report.</source>
   <translation>存放所有影像的结果、汇总表和报告的文件夹。</translation>
  </message>
  <message>
   <source>The folder that Unmix has written: the one with result.json in it.</source>
   <translation>“解混”写出的文件夹：其中有 result.json。</translation>
  </message>
  <message>
   <source>The folder {} holds the result of another scene, {}. Choose another folder, or one with {} in its name: there the name of each scene will stand.</source>
   <translation>文件夹 {} 中是另一幅影像 {} 的结果。请选择其他文件夹，或名称中带有 {} 的文件夹：该处会出现各影像的名称。</translation>
  </message>
  <message>
   <source>The graphics card failed when a tiny scene was unmixed on it ({}). {}</source>
   <translation>在显卡上解混一个微型影像时失败（{}）。{}</translation>
  </message>
  <message>
   <source>The graphics card's driver is too old for this build of torch, or the card is.</source>
   <translation>显卡的驱动程序或显卡本身对此 torch 版本来说太旧。</translation>
  </message>
  <message>
   <source>The image to unmix, best in surface reflectance.</source>
   <translation>要解混的影像，最好是地表反射率。</translation>
  </message>
  <message>
   <source>The image to unmix, best in surface reflectance: a raster file (ENVI, GeoTIFF, …), no web layer. Products of EnMAP, PRISMA, DESIS and EMIT by the file they come in: their image, METADATA.XML, .he5 or .nc, or the zip archive; choose the file where it is no layer.</source>
   <translation>要解混的影像，最好是地表反射率：栅格文件（ENVI、GeoTIFF 等），不能是网络图层。EnMAP、PRISMA、DESIS 和 EMIT 的产品按其交付的文件选择：影像、METADATA.XML、.he5 或 .nc，或 zip 压缩包；若不是图层，请选择文件。</translation>
  </message>
  <message>
   <source>The image {} cannot be found.</source>
   <translation>找不到影像 {}。</translation>
  </message>
  <message>
   <source>The images, each once: layers, or files as their sensors deliver them (Add File(s)… in the list of images).</source>
   <translation>影像，每幅一次：图层，或传感器交付的文件（影像列表中的“添加文件…”）。</translation>
  </message>
  <message>
   <source>The installation failed: {}</source>
   <translation>安装失败：{}</translation>
  </message>
  <message>
   <source>The installation of the Python environment in {} was not finished</source>
   <translation>{} 中的 Python 环境没有安装完成</translation>
  </message>
  <message>
   <source>The installation was cancelled.</source>
   <translation>安装已取消。</translation>
  </message>
  <message>
   <source>The installer stumbled over a letter outside ASCII in a path, such as the name of your user folder.</source>
   <translation>安装程序因路径中的非 ASCII 字符而出错，例如您的用户文件夹名称。</translation>
  </message>
  <message>
   <source>The layer is called “{}” now, the endmember in spectra, files and report still “{}”.</source>
   <translation>图层现名为“{}”，而光谱、文件和报告中的端元仍名为“{}”。</translation>
  </message>
  <message>
   <source>The layer “{}” has additional no-data values in some of its bands: only those of all bands count.</source>
   <translation>图层“{}”只在部分波段设置了附加无数据值：只有所有波段共有的才有效。</translation>
  </message>
  <message>
   <source>The layer “{}” is no raster file but comes from a service ({}).</source>
   <translation>图层“{}”不是栅格文件，而是来自服务（{}）。</translation>
  </message>
  <message>
   <source>The layer “{}” is read over the network and has no file on this computer.</source>
   <translation>图层“{}”通过网络读取，在本机上没有文件。</translation>
  </message>
  <message>
   <source>The layer “{}” lies in the memory of QGIS, where no other process can read it.</source>
   <translation>图层“{}”位于 QGIS 的内存中，其他进程无法读取。</translation>
  </message>
  <message>
   <source>The lines above it say more; try again.</source>
   <translation>以上各行有更多信息；请重试。</translation>
  </message>
  <message>
   <source>The map is a GeoTIFF: choose a name that ends with .tif.</source>
   <translation>该图为 GeoTIFF：请选择以 .tif 结尾的名称。</translation>
  </message>
  <message>
   <source>The map of counts, a GeoTIFF.</source>
   <translation>次数图，GeoTIFF。</translation>
  </message>
  <message>
   <source>The maps of the two results do not lie on one grid: there is no difference of them.</source>
   <translation>两个结果的图不在同一格网上，无法求差。</translation>
  </message>
  <message>
   <source>The mask {} cannot be opened as a layer.</source>
   <translation>掩膜 {} 无法作为图层打开。</translation>
  </message>
  <message>
   <source>The mask “{}” holds no polygon. Draw one, or leave the mask empty.</source>
   <translation>掩膜“{}”不含多边形。请绘制一个，或将掩膜留空。</translation>
  </message>
  <message>
   <source>The mask “{}” is neither a raster nor a polygon layer.</source>
   <translation>掩膜“{}”既不是栅格图层也不是多边形图层。</translation>
  </message>
  <message>
   <source>The mean spectrum: bands used, and in yellow those left out.</source>
   <translation>平均光谱：使用的波段，黄色为排除的波段。</translation>
  </message>
  <message>
   <source>The model.auvae of another image, to go on from: the same endmembers in the same order, fitted to this image, in a fraction of the training. For images that Apply a trained model says the model does not fit. The number of endmembers must be the model's, or 0.</source>
   <translation>另一幅影像的 model.auvae，由此继续：端元相同、顺序相同，用一小部分训练时间适应此影像。适用于“应用训练好的模型”说模型不适合的影像。端元数必须与模型相同，或为 0。</translation>
  </message>
  <message>
   <source>The network's proxy did not let the installer through.</source>
   <translation>网络的代理没有放行安装程序。</translation>
  </message>
  <message>
   <source>The no-data value of the file of “{}” is switched off in the layer's settings: it counts all the same.</source>
   <translation>“{}”的文件无数据值在图层设置中被关闭：此处仍然有效。</translation>
  </message>
  <message>
   <source>The no-data values or the coordinate system that the layer “{}” is set to do not count where several images are unmixed: save it as a file with them.</source>
   <translation>解混多幅影像时，图层“{}”上设置的无数据值或坐标系无效：请将其连同这些设置另存为文件。</translation>
  </message>
  <message>
   <source>The number of chosen bands is {}, too few for {} endmembers: choose more, or ask for fewer.</source>
   <translation>所选波段数为 {}，不足以求 {} 个端元：请选择更多波段，或减少端元数。</translation>
  </message>
  <message>
   <source>The number of endmembers must be from 2 to {}, or 0 to estimate it, not {}.</source>
   <translation>端元数必须为 2 到 {}，或为 0 以自动估计，而不是 {}。</translation>
  </message>
  <message>
   <source>The package index could not be reached.</source>
   <translation>无法访问软件包索引。</translation>
  </message>
  <message>
   <source>The package index's certificate was not accepted: your network has a proxy with one of its own.</source>
   <translation>软件包索引的证书未被接受：您的网络有使用自己证书的代理。</translation>
  </message>
  <message>
   <source>The picture is on the clipboard.</source>
   <translation>图片已复制到剪贴板。</translation>
  </message>
  <message>
   <source>The pixels that hold most of each endmember, with row, column and abundance.</source>
   <translation>每个端元含量最高的像元，附行号、列号和丰度。</translation>
  </message>
  <message>
   <source>The places {} cannot be opened as a layer.</source>
   <translation>地点 {} 无法作为图层打开。</translation>
  </message>
  <message>
   <source>The plugin was unloaded, which ended its runs: start the unmixing again.</source>
   <translation>插件已被卸载，其运行随之结束：请重新开始解混。</translation>
  </message>
  <message>
   <source>The polygons, with number and name of their material.</source>
   <translation>多边形，带有其物质的编号和名称。</translation>
  </message>
  <message>
   <source>The purest pixel of “{}”.</source>
   <translation>这是“{}”最纯的像元。</translation>
  </message>
  <message>
   <source>The purity map was cancelled; nothing was written.</source>
   <translation>纯度图已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>The raster of classes that the polygons are drawn from.</source>
   <translation>用来生成多边形的分类栅格。</translation>
  </message>
  <message>
   <source>The raster of classes: numbers from 1, in the order of the endmembers.</source>
   <translation>分类栅格：编号从 1 开始，与端元顺序一致。</translation>
  </message>
  <message>
   <source>The report says how well it fits.</source>
   <translation>报告说明了拟合的好坏。</translation>
  </message>
  <message>
   <source>The result could not be copied to “{}”: {}.</source>
   <translation>无法将结果复制到“{}”：{}。</translation>
  </message>
  <message>
   <source>The result in {} has no endmember “{}”. It has: {}.</source>
   <translation>{} 中的结果没有端元“{}”。它有：{}。</translation>
  </message>
  <message>
   <source>The result is kept in {}.</source>
   <translation>结果已保存在 {}。</translation>
  </message>
  <message>
   <source>The same from elsewhere</source>
   <translation>从别处运行</translation>
  </message>
  <message>
   <source>The scene has no wavelengths:
nothing to compare by.</source>
   <translation>影像没有波长信息：
无从比较。</translation>
  </message>
  <message>
   <source>The scene “{}” is not where it was unmixed: add it to the project to see the pixel's spectrum.</source>
   <translation>影像“{}”不在解混时的位置：请将它添加到工程中，以查看像元的光谱。</translation>
  </message>
  <message>
   <source>The scene: 100 x 100 pixels of Jasper Ridge, 198 bands.</source>
   <translation>影像：Jasper Ridge，100 x 100 像元，198 个波段。</translation>
  </message>
  <message>
   <source>The spectra of the endmembers</source>
   <translation>各端元的光谱</translation>
  </message>
  <message>
   <source>The spectra of the endmembers; around each the spread of its purest pixels.</source>
   <translation>端元光谱；周围为其最纯像元的离散度。</translation>
  </message>
  <message>
   <source>The system ended the installer: memory ran out.</source>
   <translation>系统终止了安装程序：内存不足。</translation>
  </message>
  <message>
   <source>The system ended the unmixing process because memory ran out (exit code {}). Close other programs, choose fewer bands, or unmix a part of the scene.</source>
   <translation>内存耗尽，系统结束了解混进程（退出代码 {}）。请关闭其他程序、减少波段，或只解混影像的一部分。</translation>
  </message>
  <message>
   <source>The unmixing process answered in a form this plugin does not know. Reinstall the plugin.</source>
   <translation>解混进程的应答格式不为此插件所知。请重新安装插件。</translation>
  </message>
  <message>
   <source>The unmixing process ended unexpectedly (exit code {}). Its last words are in the log panel “AUVAE Unmixing”; try again, on the CPU if it ran on a GPU.</source>
   <translation>解混进程意外结束（退出代码 {}）。它最后的输出在日志面板“AUVAE Unmixing”中；请重试，若原先在 GPU 上运行，请改用 CPU。</translation>
  </message>
  <message>
   <source>The unmixing process failed and did not say why.</source>
   <translation>解混进程失败，且没有说明原因。</translation>
  </message>
  <message>
   <source>The values are on the clipboard.</source>
   <translation>数值已复制到剪贴板。</translation>
  </message>
  <message>
   <source>There are no values to save.</source>
   <translation>没有可保存的数值。</translation>
  </message>
  <message>
   <source>This</source>
   <translation>此结果</translation>
  </message>
  <message>
   <source>This Python cannot make environments: its venv module is missing.</source>
   <translation>此 Python 无法建立环境：缺少 venv 模块。</translation>
  </message>
  <message>
   <source>This Python is too new or too old for the pinned packages.</source>
   <translation>此 Python 对固定版本的软件包来说太新或太旧。</translation>
  </message>
  <message>
   <source>This QGIS has no matplotlib to plot the spectra with. They are in the table {}.</source>
   <translation>此 QGIS 没有用于绘制光谱的 matplotlib。光谱在表 {} 中。</translation>
  </message>
  <message>
   <source>This build of torch does not use {}.</source>
   <translation>此 torch 版本不使用 {}。</translation>
  </message>
  <message>
   <source>This name has {} characters; {} are allowed.</source>
   <translation>此名称有 {} 个字符；最多允许 {} 个。</translation>
  </message>
  <message>
   <source>This place has no coordinates in the CRS of the scene.</source>
   <translation>此处在影像的坐标参照系中没有坐标。</translation>
  </message>
  <message>
   <source>This place lies outside the scene.</source>
   <translation>此处位于影像之外。</translation>
  </message>
  <message>
   <source>This result lies in a temporary folder: copy it to one that stays</source>
   <translation>此结果位于临时文件夹：将其复制到长期保留的文件夹</translation>
  </message>
  <message>
   <source>Threads</source>
   <translation>线程</translation>
  </message>
  <message>
   <source>Threshold (standard deviations of the noise)</source>
   <translation>阈值（噪声标准差的倍数）</translation>
  </message>
  <message>
   <source>To repeat it: {}</source>
   <translation>重复此运算：{}</translation>
  </message>
  <message>
   <source>Tools of the plot</source>
   <translation>绘图工具</translation>
  </message>
  <message>
   <source>Trained model</source>
   <translation>训练好的模型</translation>
  </message>
  <message>
   <source>Trained models (*.auvae)</source>
   <translation>训练好的模型 (*.auvae)</translation>
  </message>
  <message>
   <source>Training</source>
   <translation>训练</translation>
  </message>
  <message>
   <source>Uncertainty</source>
   <translation>不确定度</translation>
  </message>
  <message>
   <source>Unlikely abundances</source>
   <translation>不合理的丰度</translation>
  </message>
  <message>
   <source>Unmix</source>
   <translation>解混</translation>
  </message>
  <message>
   <source>Unmix (AUVAE-Net)</source>
   <translation>解混 (AUVAE-Net)</translation>
  </message>
  <message>
   <source>Unmix (AUVAE-Net)…</source>
   <translation>解混 (AUVAE-Net)…</translation>
  </message>
  <message>
   <source>Unmix again ({})…</source>
   <translation>再次解混（{}）…</translation>
  </message>
  <message>
   <source>Unmix again…</source>
   <translation>再次解混…</translation>
  </message>
  <message>
   <source>Unmix an image, or select an abundance map of a result, to see its endmember spectra here.</source>
   <translation>解混一幅影像，或选择某个结果的一幅丰度图，其端元光谱就显示在这里。</translation>
  </message>
  <message>
   <source>Unmix into known spectra (FCLS)</source>
   <translation>解混为已知光谱 (FCLS)</translation>
  </message>
  <message>
   <source>Unmix several scenes</source>
   <translation>解混多景影像</translation>
  </message>
  <message>
   <source>Unmix several scenes runs there when its RUN_ON is “cluster”. Leave the address empty for none. Help tells how to start a scheduler and workers.</source>
   <translation>“解混多景影像”的 RUN_ON 为“cluster”时在那里运行。不用集群时地址留空。“帮助”说明如何启动调度器和工作进程。</translation>
  </message>
  <message>
   <source>Unmix the image again with the known places</source>
   <translation>用已知地点再次解混此影像</translation>
  </message>
  <message>
   <source>Unmix the image once more, to compare.</source>
   <translation>再解混一次此影像，即可比较。</translation>
  </message>
  <message>
   <source>Unmixed by AUVAE Unmixing on {} ({})</source>
   <translation>由 AUVAE Unmixing 于 {} 解混（{}）</translation>
  </message>
  <message>
   <source>Unmixes a hyperspectral image, takes the material with the largest abundance of every pixel, and draws polygons around pixels of one material. Each polygon has the name of its material.</source>
   <translation>对高光谱影像解混，取每个像元中丰度最大的物质，并在同一物质的像元周围绘制多边形。每个多边形带有其物质的名称。</translation>
  </message>
  <message>
   <source>Unmixes an image and draws polygons around pixels of one material.</source>
   <translation>对影像解混，并在同一物质的像元周围绘制多边形。</translation>
  </message>
  <message>
   <source>Unmixes several images into the same materials, on this computer or on a Dask cluster.</source>
   <translation>在本机或 Dask 集群上把多幅影像解混为相同的物质。</translation>
  </message>
  <message>
   <source>Unmixing report</source>
   <translation>解混报告</translation>
  </message>
  <message>
   <source>Unmixing was cancelled. Images that were finished are kept in {}.</source>
   <translation>解混已取消。已完成的影像保留在 {} 中。</translation>
  </message>
  <message>
   <source>Unmixing was cancelled; nothing was written.</source>
   <translation>解混已取消；未写入任何内容。</translation>
  </message>
  <message>
   <source>Unmixing: epoch {} of {}</source>
   <translation>解混：第 {} 轮，共 {} 轮</translation>
  </message>
  <message>
   <source>Use as known</source>
   <translation>作为已知</translation>
  </message>
  <message>
   <source>Use this name</source>
   <translation>使用此名称</translation>
  </message>
  <message>
   <source>Value</source>
   <translation>数值</translation>
  </message>
  <message>
   <source>Value / continuum</source>
   <translation>值 / 连续统</translation>
  </message>
  <message>
   <source>Value / norm</source>
   <translation>值 / 范数</translation>
  </message>
  <message>
   <source>Versions, paths, graphics card and the last lines, without passwords</source>
   <translation>版本、路径、显卡和最后的输出，不含密码</translation>
  </message>
  <message>
   <source>Waiting for another training of this process</source>
   <translation>等待本进程的另一次训练</translation>
  </message>
  <message>
   <source>Warnings</source>
   <translation>警告</translation>
  </message>
  <message>
   <source>Wavelength (nm)</source>
   <translation>波长 (nm)</translation>
  </message>
  <message>
   <source>What another result says of the same materials</source>
   <translation>另一结果对相同物质的说明</translation>
  </message>
  <message>
   <source>What single pixels are made of</source>
   <translation>单个像元的组成</translation>
  </message>
  <message>
   <source>What the least needed of so many endmembers is worth.</source>
   <translation>在该端元数下，最不需要的那个端元的价值。</translation>
  </message>
  <message>
   <source>What was there before is unchanged.</source>
   <translation>原有的内容保持不变。</translation>
  </message>
  <message>
   <source>Where to look: a raster that is not zero there, or polygons, in any coordinate system. All other pixels count as no-data.</source>
   <translation>要处理的区域：在该处不为零的栅格，或任意坐标系的多边形。其他所有像元按无数据处理。</translation>
  </message>
  <message>
   <source>Which library spectra look most like the endmembers</source>
   <translation>哪些库光谱与端元最相似</translation>
  </message>
  <message>
   <source>Windows could not load torch: Microsoft's Visual C++ runtime is missing or too old.</source>
   <translation>Windows 无法载入 torch：缺少 Microsoft 的 Visual C++ 运行库，或其版本太旧。</translation>
  </message>
  <message>
   <source>With Compute on: Automatic, workers without a GPU are left out where others have one.</source>
   <translation>“计算设备”为“自动”时，若有的工作进程有 GPU，则不使用没有 GPU 的。</translation>
  </message>
  <message>
   <source>Worker</source>
   <translation>工作进程</translation>
  </message>
  <message>
   <source>Writes the endmembers of a result as a library for ENVI, EnMAP-Box or a spreadsheet.</source>
   <translation>将结果的端元写成光谱库，供 ENVI、EnMAP-Box 或电子表格使用。</translation>
  </message>
  <message>
   <source>Writing the report</source>
   <translation>写出报告</translation>
  </message>
  <message>
   <source>Writing the result</source>
   <translation>写出结果</translation>
  </message>
  <message>
   <source>Writing the spectra</source>
   <translation>写出光谱</translation>
  </message>
  <message>
   <source>Writing the summary</source>
   <translation>写出汇总</translation>
  </message>
  <message>
   <source>a tiny scene unmixed in {} s</source>
   <translation>解混一个微型影像用时 {} 秒</translation>
  </message>
  <message>
   <source>absorption at {:.0f} nm</source>
   <translation>{:.0f} nm 处有吸收</translation>
  </message>
  <message>
   <source>abundance</source>
   <translation>丰度</translation>
  </message>
  <message>
   <source>abundances are shares of reflectance, not of the area</source>
   <translation>丰度是反射率比例，不是面积比例</translation>
  </message>
  <message>
   <source>abundances need not sum to one</source>
   <translation>丰度的总和不必为 1</translation>
  </message>
  <message>
   <source>an earlier version made this result: unmix the image again</source>
   <translation>此结果由早期版本生成：请重新解混该影像</translation>
  </message>
  <message>
   <source>angle to the reconstruction {:.3f} rad</source>
   <translation>与重构的夹角 {:.3f} rad</translation>
  </message>
  <message>
   <source>asphalt or shade</source>
   <translation>沥青或阴影</translation>
  </message>
  <message>
   <source>bare soil</source>
   <translation>裸土</translation>
  </message>
  <message>
   <source>bright roof or pavement</source>
   <translation>明亮的屋顶或铺面</translation>
  </message>
  <message>
   <source>carbonate</source>
   <translation>碳酸盐</translation>
  </message>
  <message>
   <source>cellulose at {:.0f} nm</source>
   <translation>{:.0f} nm 处有纤维素吸收</translation>
  </message>
  <message>
   <source>clay</source>
   <translation>黏土</translation>
  </message>
  <message>
   <source>clay at {:.0f} nm</source>
   <translation>{:.0f} nm 处有黏土吸收</translation>
  </message>
  <message>
   <source>doubtful: the others explain the scene as well without it</source>
   <translation>存疑：没有它，其他端元也能同样解释该影像</translation>
  </message>
  <message>
   <source>dry vegetation</source>
   <translation>干枯植被</translation>
  </message>
  <message>
   <source>estimate</source>
   <translation>自动估计</translation>
  </message>
  <message>
   <source>falls off towards {:.0f} nm</source>
   <translation>向 {:.0f} nm 下降</translation>
  </message>
  <message>
   <source>green vegetation</source>
   <translation>绿色植被</translation>
  </message>
  <message>
   <source>hyperspectral</source>
   <translation>高光谱</translation>
  </message>
  <message>
   <source>hyperspectral,endmember,endmembers,endmember extraction,extract,spectra,spectral library,VCA,vertex component analysis,N-FINDR,NFINDR,archetypes,archetypal analysis,simplex,pure pixels,EnMAP-Box,profiles,sli</source>
   <translation>高光谱,端元,端元提取,光谱,光谱库,顶点成分分析,原型,单纯形,纯像元,剖面,hyperspectral,endmember,VCA,N-FINDR,NFINDR,EnMAP-Box,sli</translation>
  </message>
  <message>
   <source>hyperspectral,endmember,endmembers,export,save,spectra,spectral library,ENVI,sli,CSV,EnMAP-Box,profiles,GeoPackage</source>
   <translation>高光谱,端元,导出,保存,光谱,光谱库,剖面,hyperspectral,endmember,ENVI,sli,CSV,EnMAP-Box,GeoPackage</translation>
  </message>
  <message>
   <source>hyperspectral,imaging spectroscopy,metadata,wavelength,wavelengths,FWHM,bad bands,bbl,noisy bands,water vapour,band list,mean spectrum,no-data,scale,EnMAP,PRISMA,EMIT,DESIS,AVIRIS,HyMap,Sentinel-2</source>
   <translation>高光谱,成像光谱,元数据,波长,半高宽,坏波段,噪声波段,水汽,波段列表,平均光谱,无数据,缩放,hyperspectral,wavelength,FWHM,bad bands,bbl,EnMAP,PRISMA,EMIT,DESIS,AVIRIS,HyMap,Sentinel-2</translation>
  </message>
  <message>
   <source>hyperspectral,imaging spectroscopy,unmix,unmixing,endmember,endmembers,number of endmembers,virtual dimensionality,intrinsic dimension,subspace,HySime,HFC,NWHFC,VD,materials,estimate</source>
   <translation>高光谱,成像光谱,解混,端元,端元数,虚拟维数,本征维数,子空间,物质,估计,hyperspectral,unmixing,endmember,HySime,HFC,NWHFC,VD</translation>
  </message>
  <message>
   <source>hyperspectral,imaging spectroscopy,unmix,unmixing,spectral mixture,mixture analysis,linear mixing,endmember,endmembers,endmember extraction,abundance,abundances,fraction,fractions,fractional cover,subpixel,spectra,spectral,spectrum,material,blind source separation,VCA,PPI,N-FINDR,FCLS,UCLS,NNLS,SMA,autoencoder,variational,adversarial,deep learning,neural network,GPU,torch,EnMAP,PRISMA,EMIT,DESIS,AVIRIS</source>
   <translation>高光谱,成像光谱,解混,光谱混合,混合像元分解,线性混合,端元,端元提取,丰度,比例,覆盖度,亚像元,光谱,物质,盲源分离,自编码器,变分,对抗,深度学习,神经网络,显卡,hyperspectral,unmixing,endmember,abundance,VCA,PPI,N-FINDR,FCLS,UCLS,NNLS,SMA,GPU,torch,EnMAP,PRISMA,EMIT,DESIS,AVIRIS</translation>
  </message>
  <message>
   <source>hyperspectral,purity,pure pixels,PPI,pixel purity index,endmember,endmembers,extreme,projection,projections,skewers,convex hull</source>
   <translation>高光谱,纯度,纯像元,纯像元指数,端元,投影,凸包,hyperspectral,PPI,pixel purity index</translation>
  </message>
  <message>
   <source>hyperspectral,unmix,unmixing,apply,predict,inference,transfer,model,trained,again,time series,multitemporal,dates,batch,abundance,abundances,endmember,endmembers,AUVAE-Net</source>
   <translation>高光谱,解混,应用,预测,推断,迁移,模型,时间序列,多时相,批处理,丰度,端元,hyperspectral,unmixing,apply,AUVAE-Net</translation>
  </message>
  <message>
   <source>hyperspectral,unmix,unmixing,supervised,known,reference,library,spectral library,FCLS,FCLSU,NNLS,CLS,least squares,constrained,non-negative,sum to one,SMA,spectral mixture analysis,linear,abundance,abundances,fractions,endmember,endmembers</source>
   <translation>高光谱,解混,监督,已知,参考,光谱库,最小二乘,约束,非负,总和为一,线性,丰度,比例,端元,hyperspectral,unmixing,FCLS,FCLSU,NNLS,CLS,SMA</translation>
  </message>
  <message>
   <source>hyperspectral,unmixing,abundance,abundances,fraction,fractions,classification,classes,dominant,majority,largest,argmax,material,hard classification,threshold</source>
   <translation>高光谱,解混,丰度,比例,分类,类别,主导,多数,最大,物质,硬分类,阈值,hyperspectral,unmixing,abundance,argmax</translation>
  </message>
  <message>
   <source>hyperspectral,unmixing,abundance,fraction,endmember,pick,select,extract,named,layer,band,model</source>
   <translation>高光谱,解混,丰度,比例,端元,选取,提取,名称,图层,波段,模型,hyperspectral,unmixing,abundance,endmember</translation>
  </message>
  <message>
   <source>hyperspectral,unmixing,endmembers,abundances,time series,multitemporal,change,dates,mosaic,many images,cluster,Dask,Slurm,Kubernetes,HPC,GPU,area,summary,EnMAP,PRISMA,EMIT,DESIS</source>
   <translation>高光谱,解混,端元,丰度,时间序列,多时相,变化,日期,镶嵌,多幅影像,集群,Dask,Slurm,Kubernetes,HPC,GPU,面积,汇总,EnMAP,PRISMA,EMIT,DESIS</translation>
  </message>
  <message>
   <source>ice at {:.0f} nm</source>
   <translation>{:.0f} nm 处有冰的吸收</translation>
  </message>
  <message>
   <source>iron oxide</source>
   <translation>氧化铁</translation>
  </message>
  <message>
   <source>leaf water at {:.0f} nm</source>
   <translation>{:.0f} nm 处有叶片水分吸收</translation>
  </message>
  <message>
   <source>left out: {}</source>
   <translation>排除：{}</translation>
  </message>
  <message>
   <source>lignin at {:.0f} nm</source>
   <translation>{:.0f} nm 处有木质素吸收</translation>
  </message>
  <message>
   <source>mean {:.5g}</source>
   <translation>平均值 {:.5g}</translation>
  </message>
  <message>
   <source>most like “{}”, {:.3f} rad apart</source>
   <translation>与“{}”最相似，相差 {:.3f} rad</translation>
  </message>
  <message>
   <source>much darker at {:.0f} nm than in green light</source>
   <translation>{:.0f} nm 处比绿光暗得多</translation>
  </message>
  <message>
   <source>nearly the same as “{}”, {:.3f} rad apart: how much is of which cannot be told well</source>
   <translation>与“{}”几乎相同，只差 {:.3f} rad：各占多少难以区分</translation>
  </message>
  <message>
   <source>nearly the same in all bands</source>
   <translation>各波段几乎相同</translation>
  </message>
  <message>
   <source>next to nothing at {:.0f} nm</source>
   <translation>{:.0f} nm 处几乎为零</translation>
  </message>
  <message>
   <source>no CUDA graphics card</source>
   <translation>没有 CUDA 显卡</translation>
  </message>
  <message>
   <source>no Python at all</source>
   <translation>没有任何 Python</translation>
  </message>
  <message>
   <source>no limit</source>
   <translation>无限制</translation>
  </message>
  <message>
   <source>no reason given</source>
   <translation>没有给出原因</translation>
  </message>
  <message>
   <source>none</source>
   <translation>无</translation>
  </message>
  <message>
   <source>ready</source>
   <translation>就绪</translation>
  </message>
  <message>
   <source>reconstruction, {}</source>
   <translation>重构，{}</translation>
  </message>
  <message>
   <source>red edge at {:.0f} nm</source>
   <translation>红边位于 {:.0f} nm</translation>
  </message>
  <message>
   <source>residual, {}</source>
   <translation>残差，{}</translation>
  </message>
  <message>
   <source>rises evenly, {:.1f} times from blue to infrared</source>
   <translation>从蓝光到红外均匀上升，达 {:.1f} 倍</translation>
  </message>
  <message>
   <source>row {}, column {}</source>
   <translation>第 {} 行，第 {} 列</translation>
  </message>
  <message>
   <source>snow</source>
   <translation>雪</translation>
  </message>
  <message>
   <source>start to end</source>
   <translation>从开始到结束</translation>
  </message>
  <message>
   <source>sure to ± {:.3f} rad</source>
   <translation>可靠到 ± {:.3f} rad</translation>
  </message>
  <message>
   <source>taken from a patch of {} pixels</source>
   <translation>取自 {} 个像元的小块</translation>
  </message>
  <message>
   <source>takes no part: {}</source>
   <translation>不参与：{}</translation>
  </message>
  <message>
   <source>the network does not say whether abundances are shares of the area</source>
   <translation>该网络不说明丰度是否为面积比例</translation>
  </message>
  <message>
   <source>the scene has no coordinate system, or no place in it</source>
   <translation>影像没有坐标系，或在坐标系中没有位置</translation>
  </message>
  <message>
   <source>the scene is placed by ground control points: warp it to a grid first</source>
   <translation>影像由地面控制点定位：请先将其校正到格网</translation>
  </message>
  <message>
   <source>the scene's coordinate system stretches areas: warp it, to UTM for example</source>
   <translation>影像的坐标系会使面积变形：请将其重投影，例如到 UTM</translation>
  </message>
  <message>
   <source>the unit of the scene's coordinate system is not known</source>
   <translation>影像坐标系的单位未知</translation>
  </message>
  <message>
   <source>trained in {:.0f} s</source>
   <translation>训练用时 {:.0f} 秒</translation>
  </message>
  <message>
   <source>unmixing</source>
   <translation>解混</translation>
  </message>
  <message>
   <source>used</source>
   <translation>使用</translation>
  </message>
  <message>
   <source>water</source>
   <translation>水体</translation>
  </message>
  <message>
   <source>{:.0%} as bright as the brightest endmember</source>
   <translation>亮度为最亮端元的 {:.0%}</translation>
  </message>
  <message>
   <source>{:.0%} deep</source>
   <translation>深 {:.0%}</translation>
  </message>
  <message>
   <source>{:.1f} GiB</source>
   <translation>{:.1f} GiB</translation>
  </message>
  <message>
   <source>{} ({:.3f} rad)</source>
   <translation>{}（{:.3f} 弧度）</translation>
  </message>
  <message>
   <source>{} Unmixing will run on the processor.</source>
   <translation>{} 解混将在处理器上运行。</translation>
  </message>
  <message>
   <source>{} bands compared, {:.0%} of the range</source>
   <translation>比较了 {} 个波段，占范围的 {:.0%}</translation>
  </message>
  <message>
   <source>{} cannot be removed completely ({}).</source>
   <translation>{} 无法完全移除（{}）。</translation>
  </message>
  <message>
   <source>{} cannot be replaced ({}).</source>
   <translation>{} 无法替换（{}）。</translation>
  </message>
  <message>
   <source>{} cannot be written</source>
   <translation>{} 无法写入</translation>
  </message>
  <message>
   <source>{} cannot load {} ({}): name another Python, or press Install.</source>
   <translation>{} 无法载入 {}（{}）：请指定另一个 Python，或按“安装”。</translation>
  </message>
  <message>
   <source>{} did not answer within three minutes: try again, or press Install.</source>
   <translation>{} 在三分钟内没有应答：请重试，或按“安装”。</translation>
  </message>
  <message>
   <source>{} endmembers have the names of their best matches.</source>
   <translation>{} 个端元已采用最佳匹配的名称。</translation>
  </message>
  <message>
   <source>{} ha</source>
   <translation>{} 公顷</translation>
  </message>
  <message>
   <source>{} ha in all</source>
   <translation>共 {} 公顷</translation>
  </message>
  <message>
   <source>{} has no venv module (Debian and Ubuntu: sudo apt install python3-venv)</source>
   <translation>{} 没有 venv 模块（Debian 和 Ubuntu：sudo apt install python3-venv）</translation>
  </message>
  <message>
   <source>{} holds something other than a Python environment.</source>
   <translation>{} 中的内容不是 Python 环境。</translation>
  </message>
  <message>
   <source>{} is Python {}, but {} is needed: name another, or press Install.</source>
   <translation>{} 是 Python {}，但需要 {}：请指定另一个，或按“安装”。</translation>
  </message>
  <message>
   <source>{} is Python {}.{}</source>
   <translation>{} 是 Python {}.{}</translation>
  </message>
  <message>
   <source>{} is damaged</source>
   <translation>{} 已损坏</translation>
  </message>
  <message>
   <source>{} is not a Python that can be started: correct the path, or press Install.</source>
   <translation>{} 不是可以启动的 Python：请更正路径，或按“安装”。</translation>
  </message>
  <message>
   <source>{} minus {}</source>
   <translation>{} 减 {}</translation>
  </message>
  <message>
   <source>{} must be one of {}, not “{}”.</source>
   <translation>{} 必须是 {} 之一，而不是“{}”。</translation>
  </message>
  <message>
   <source>{} of the other</source>
   <translation>另一结果的 {}</translation>
  </message>
  <message>
   <source>{} of {} bands are used.</source>
   <translation>使用了 {} 个波段，共 {} 个。</translation>
  </message>
  <message>
   <source>{} of {} workers are ready. Dask {}.</source>
   <translation>{} / {} 个工作进程就绪。Dask {}。</translation>
  </message>
  <message>
   <source>{}, at {:.0%}</source>
   <translation>{}，进度 {:.0%}</translation>
  </message>
  <message>
   <source>{}, only here</source>
   <translation>{}，仅在此结果</translation>
  </message>
  <message>
   <source>{}, only in the other</source>
   <translation>{}，仅在另一结果</translation>
  </message>
  <message>
   <source>{}, {} endmembers</source>
   <translation>{}，{} 个端元</translation>
  </message>
  <message>
   <source>{}:
the first {} of {} spectra</source>
   <translation>{}：
前 {} 条，共 {} 条光谱</translation>
  </message>
  <message>
   <source>{}: open {} and press Install.</source>
   <translation>{}：请打开 {} 并按“安装”。</translation>
  </message>
  <message>
   <source>{}: press Install.</source>
   <translation>{}：请点击“安装”。</translation>
  </message>
  <message>
   <source>{}: the pixel in row {}, column {}</source>
   <translation>{}：第 {} 行第 {} 列的像元</translation>
  </message>
  <message>
   <source>{}: there is no file “{}”. Choose one that is there.</source>
   <translation>{}：文件“{}”不存在。请选择存在的文件。</translation>
  </message>
  <message>
   <source>{}?</source>
   <translation>{}？</translation>
  </message>
  <message>
   <source>“{}” cannot be read: {}</source>
   <translation>无法读取“{}”：{}</translation>
  </message>
  <message>
   <source>“{}” could not be renamed, and nothing was changed: {}.</source>
   <translation>“{}”无法重命名，未作任何更改：{}。</translation>
  </message>
  <message>
   <source>“{}” could not be written: {}.</source>
   <translation>无法写入“{}”：{}。</translation>
  </message>
  <message>
   <source>“{}” does not state wavelengths of red, green and blue light: its first bands are shown.</source>
   <translation>“{}”没有给出红、绿、蓝光的波长：显示其最前面的波段。</translation>
  </message>
  <message>
   <source>“{}” has one band, and unmixing needs a spectrum in every pixel: choose an image of many bands.</source>
   <translation>“{}”只有一个波段，而解混需要每个像元的光谱：请选择多波段影像。</translation>
  </message>
  <message>
   <source>“{}” has {} bands, too few for {} endmembers: choose a hyperspectral image, or ask for fewer.</source>
   <translation>“{}”有 {} 个波段，不足以求 {} 个端元：请选择高光谱影像，或减少端元数。</translation>
  </message>
  <message>
   <source>“{}” holds files already: choose a new or an empty folder.</source>
   <translation>“{}”中已有文件：请选择新的或空的文件夹。</translation>
  </message>
  <message>
   <source>“{}” holds no point and no polygon. Draw some, or leave known places empty.</source>
   <translation>“{}”不含点或多边形。请绘制一些，或将已知地点留空。</translation>
  </message>
  <message>
   <source>“{}” holds other values now than when it was unmixed.</source>
   <translation>“{}”现在的值与解混时不同。</translation>
  </message>
  <message>
   <source>“{}” is a file, and a result needs a folder: choose another result folder.</source>
   <translation>“{}”是文件，而结果需要一个文件夹：请另选结果文件夹。</translation>
  </message>
  <message>
   <source>“{}” is a map that unmixing has made, no hyperspectral image. Choose the image that it was made from: {}.</source>
   <translation>“{}”是解混生成的图，不是高光谱影像。请选择生成它所用的影像：{}。</translation>
  </message>
  <message>
   <source>“{}” is an image of {} bands: choose the abundances, which have a band for each material.</source>
   <translation>“{}”是有 {} 个波段的影像：请选择丰度栅格，其中每种物质一个波段。</translation>
  </message>
  <message>
   <source>“{}” is damaged.</source>
   <translation>“{}”已损坏。</translation>
  </message>
  <message>
   <source>“{}” is damaged: {}</source>
   <translation>“{}”已损坏：{}</translation>
  </message>
  <message>
   <source>“{}” is gone or cannot be read.</source>
   <translation>“{}”已不存在或无法读取。</translation>
  </message>
  <message>
   <source>“{}” is known in row {}, column {}. Add more places, or press Unmix again.</source>
   <translation>“{}”在第 {} 行第 {} 列为已知。可添加更多地点，或点击“再次解混”。</translation>
  </message>
  <message>
   <source>“{}” is no layer of points or polygons.</source>
   <translation>“{}”不是点或多边形图层。</translation>
  </message>
  <message>
   <source>“{}” is now called “{}”, in layers, files and report.</source>
   <translation>“{}”现在叫“{}”，图层、文件和报告中都已更改。</translation>
  </message>
  <message>
   <source>“{}” is now called “{}”, in layers, files and reports of {} scenes.</source>
   <translation>“{}”现改名为“{}”，{} 景影像的图层、文件和报告均已更新。</translation>
  </message>
  <message>
   <source>“{}” is unmixed.</source>
   <translation>“{}”已解混。</translation>
  </message>
  <message>
   <source>“{}” says no wavelengths, so its spectra cannot be compared.</source>
   <translation>“{}”没有给出波长，因此其光谱无法比较。</translation>
  </message>
 </context>
</TS>
